import Core
import Testing

@Suite struct PublicURLTests {
    @Test func `a public address keeps its path and loses a trailing slash`() throws {
        #expect(try PublicURL("https://fit.example.org/sync/").callback == "https://fit.example.org/sync/oauth/callback")
        let uid = try #require(UID("a+b@example.org"))
        #expect(try PublicURL("http://localhost:8080").connect(uid: uid) == "http://localhost:8080/connect?uid=a%2Bb@example.org")
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
