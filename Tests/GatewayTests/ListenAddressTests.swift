import Core
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
    func `any other text is refused with a sentence`(text: String) throws {
        let error = #expect(throws: GatewayError.self) { try ListenAddress.parse(text) }
        #expect(error?.code == .listenAddressMalformed)
        #expect(error?.description.contains("FITNESSD_HTTP_LISTEN") == true)
    }

    @Test func `figures have an address of their own once others can reach the public one`() throws {
        let web = ListenAddress(host: "0.0.0.0", port: 8080)
        let own = try PublicURL("http://localhost:8080")
        let everybody = try PublicURL("https://fit.example.org")
        func admin(_ text: String?, _ url: PublicURL, _ web: ListenAddress? = web) throws -> GatewayAddresses.Admin {
            try GatewayAddresses.resolve(web: web, admin: text, publicURL: url).admin
        }
        let standard = GatewayAddresses.Admin.own(ListenAddress(host: "127.0.0.1", port: 8081))
        #expect(try admin(nil, own) == .withWeb)
        #expect(try admin(nil, everybody) == standard)
        #expect(try admin(nil, own, nil) == .off)
        #expect(try admin(nil, everybody, nil) == standard)
        #expect(try admin("off", own) == .off)
        #expect(try admin("off", everybody) == .off)
        #expect(try admin("0.0.0.0:8080", own) == .withWeb)
        #expect(try admin("[::1]:9000", everybody) == .own(ListenAddress(host: "::1", port: 9000)))
        #expect(
            try admin("127.0.0.1:0", everybody, ListenAddress(host: "127.0.0.1", port: 0))
                == .own(ListenAddress(host: "127.0.0.1", port: 0)))
    }

    @Test(arguments: ["0.0.0.0:8080", "127.0.0.1:8080", "localhost:8080", "[::]:8080", "fit.example.org:443"])
    func `figures at the public address are refused`(text: String) throws {
        let url = try PublicURL("https://fit.example.org")
        let error = #expect(throws: GatewayError.self) {
            try GatewayAddresses.resolve(web: ListenAddress(host: "0.0.0.0", port: 8080), admin: text, publicURL: url)
        }
        #expect(error?.code == .adminListenPublic && error?.description.contains("FITNESSD_ADMIN_LISTEN") == true)
    }

    @Test func `a malformed address for the operator names its own setting`() throws {
        let error = #expect(throws: GatewayError.self) {
            try GatewayAddresses.resolve(web: nil, admin: "8081", publicURL: try PublicURL("http://localhost:8080"))
        }
        #expect(error?.description.hasPrefix("FITNESSD_ADMIN_LISTEN must be host:port") == true)
    }
}
