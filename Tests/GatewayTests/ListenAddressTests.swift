import Testing

@testable import Gateway

@Suite struct ListenAddressTests {
    @Test func `host and port are read`() throws {
        #expect(try ListenAddress.parse("127.0.0.1:8080") == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(try ListenAddress.parse("[::1]:0") == ListenAddress(host: "::1", port: 0))
        #expect(try ListenAddress.parse("fit.example.org:65535") == ListenAddress(host: "fit.example.org", port: 65535))
    }

    @Test func `off means no server`() throws {
        #expect(try ListenAddress.parse("off") == nil)
    }

    @Test(arguments: ["", "8080", ":8080", "localhost", "localhost:", "localhost:65536", "localhost:-1", "::1:80", "a b:80", "http://a:80"])
    func `anything else is refused with a sentence`(text: String) throws {
        let error = #expect(throws: GatewayError.self) { try ListenAddress.parse(text) }
        #expect(error?.code == .listenAddressMalformed)
        #expect(error?.description.contains("FITNESSD_HTTP_LISTEN") == true)
    }

    @Test func `a public address keeps its path and loses its last slash`() throws {
        #expect(try PublicURL("https://fit.example.org/sync/").callback == "https://fit.example.org/sync/oauth/callback")
        let uid = try #require(UID("a+b@example.org"))
        #expect(try PublicURL("http://localhost:8080").connect(uid: uid) == "http://localhost:8080/connect?uid=a%2Bb@example.org")
    }

    @Test(arguments: ["", "localhost", "ftp://a", "https://", "https://a?b", "https://a#b", "https://u:p@a"])
    func `a public address that is none is refused`(text: String) throws {
        let error = #expect(throws: GatewayError.self) { try PublicURL(text) }
        #expect(error?.code == .publicURLMalformed)
    }
}
