import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// A connect belongs to the browser that began it, and so does its result.
@Suite struct ConnectBrowserTests {
    private let athlete = GatewayFixture.athlete

    @Test func `reloading, or authorizing again, shows the same result and asks Strava once`() async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            let answer = try await gateway.get(redirect)
            let result = try #require(answer.headers["Location"])
            #expect(answer.status == 303 && !result.contains("code=") && !result.contains("state="))
            let first = try await gateway.get(result)
            #expect(first.status == 200 && first.text.contains("<h1>Connected</h1>"))
            let otherCode = redirect.replacing(/code=[0-9a-f]+/, with: "code=0123456789")
            for address in [result, redirect, otherCode, result] {
                #expect(try await gateway.callback(address).text == first.text)
            }
            #expect(gateway.simulator.requests.count { $0.endpoint == "token" } == 1)
            // Shown for ten minutes from the end of the connect.
            gateway.clock.advance(by: .seconds(599))
            #expect(try await gateway.get(result).text == first.text)
            gateway.clock.advance(by: .seconds(1))
            let late = try await gateway.get(result)
            #expect(late.status == 400 && late.text.contains("What was stored stays stored"))
        }
    }

    @Test func `only the browser that began a connect can finish it and see how it ended`() async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            let stranger = CookieJar()
            let foreign = try await gateway.callback(redirect, cookies: stranger)
            #expect(foreign.status == 400 && foreign.text.contains("another browser"))
            // Another browser that has begun a connect is still another browser.
            _ = try await gateway.begin(uid: "user-2", cookies: stranger)
            #expect(try await gateway.callback(redirect, cookies: stranger).text.contains("another browser"))
            #expect(try await gateway.tokenCount == 0 && gateway.simulator.requests.allSatisfy { $0.endpoint != "token" })
            let result = try #require(try await gateway.get(redirect).headers["Location"])
            #expect(try await gateway.get(result).text.contains("<h1>Connected</h1>"))
            let overlooked = try await gateway.get(result, cookies: stranger)
            #expect(overlooked.status == 400 && !overlooked.text.contains("user-1") && !overlooked.text.contains("Athlete 1"))
        }
    }

    @Test(arguments: [("http://127.0.0.1:9", "fitnessd-connect=", false), ("https://fit.example.org", "__Host-fitnessd-connect=", true)])
    func `the browser is identified by a cookie that no script and no other site can read`(url: String, name: String, isSecure: Bool)
        async throws
    {
        try await withGateway(publicURL: url, admin: .off) { gateway in
            let cookie = try #require(try await gateway.get(try gateway.link()).headers["Set-Cookie"])
            let attributes = cookie.split(separator: ";").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cookie.hasPrefix(name))
            #expect(Set(attributes) == Set(["Path=/", "Max-Age=1200", "HttpOnly", "SameSite=Lax"] + (isSecure ? ["Secure"] : [])))
            // A second link in the same browser leaves the first one valid.
            #expect(try await gateway.get(try gateway.link("user-2")).headers["Set-Cookie"] == cookie)
        }
    }

    @Test func `a person who denied access may go back and authorize`() async throws {
        try await withGateway { gateway in
            let consent = try #require(try await gateway.begin().headers["Location"])
            let refusal = try #require(try await gateway.get(consent + "&auto_approve=deny").headers["Location"])
            #expect(try await gateway.callback(refusal).text.contains("Not connected"))
            let approval = try #require(try await gateway.get(consent).headers["Location"])
            #expect(try await gateway.callback(approval).text.contains("<h1>Connected</h1>"))
        }
    }

    @Test func `a link checker's HEAD does not use up the connect`() async throws {
        try await withGateway { gateway in
            let redirect = try await gateway.redirectAfterConsent()
            let cookie = gateway.cookies.header.map { "\($0.name): \($0.value)\r\n" }.joined()
            let head = try await RawClient.ask(
                "HEAD", String(redirect.dropFirst(GatewayFixture.publicURL.count)), gateway.base, headers: cookie)
            #expect(head.status == 303 && gateway.simulator.requests.allSatisfy { $0.endpoint != "token" })
            #expect(try await gateway.callback(redirect).text.contains("<h1>Connected</h1>"))
        }
    }
}
