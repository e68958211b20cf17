import Core
import Testing

@Suite struct PublicURLTests {
    @Test func `a public address keeps its path and loses a trailing slash`() throws {
        #expect(try PublicURL("https://fit.example.org/sync/").callback == "https://fit.example.org/sync/oauth/callback")
        let parameters = [("uid", "a+b@example.org"), ("expires", "9")]
        #expect(
            try PublicURL("http://localhost:8080").connect(parameters) == "http://localhost:8080/connect?uid=a%2Bb%40example.org&expires=9")
    }

    @Test func `an origin has neither path nor query`() throws {
        #expect(try PublicURL("https://fit.example.org/sync/").origin == "https://fit.example.org")
        #expect(PublicURL.origin(of: "http://127.0.0.1:8080/oauth?a=b#c") == "http://127.0.0.1:8080")
        #expect(PublicURL.origin(of: "no address") == nil)
    }

    @Test(arguments: ["", "localhost", "ftp://a", "https://", "https://a?b", "https://a#b", "https://u:p@a"])
    func `a text that is no public address is refused`(text: String) throws {
        let error = #expect(throws: PublicURLError.self) { try PublicURL(text) }
        #expect(error?.description.contains("FITNESSD_PUBLIC_URL") == true)
    }

    @Test func `a loopback address is recognised`() throws {
        for text in [
            "http://localhost:8080", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080", "https://fit.localhost",
            "http://LOCALHOST",
        ] {
            #expect(try PublicURL(text).isLoopback, "\(text)")
        }
        for text in [
            "https://fit.example.org", "http://192.168.1.2:8080", "http://127.0.0.1.example.org", "http://[2001:db8::1]", "http://0.0.0.0",
        ] {
            #expect(try !PublicURL(text).isLoopback, "\(text)")
        }
    }
}
