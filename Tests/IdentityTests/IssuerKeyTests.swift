import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Identity

@Suite struct IssuerKeyTests {
    private func unknownKey(_ fixture: IDTokenFixture, _ name: String) async throws -> IdentityError? {
        try await fixture.refusal(fixture.issuer.token(header: ["kid": "\"\(name)\""]))
    }

    @Test func `keys are fetched once for as long as the issuer says`() async throws {
        try await IDTokenFixture.with { fixture in
            fixture.issuer.publish(
                [TestIssuer.publicKey(fixture.issuer.key, id: "key-1")], headers: [("Cache-Control", "public, max-age=600")])
            let token = try await fixture.issuer.token()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { #expect(await fixture.refusal(token) == nil) } }
                try await group.waitForAll()
            }
            fixture.clock.advance(by: .seconds(599))
            #expect(await fixture.refusal(token) == nil)
            #expect(fixture.issuer.fetchCount == 1)
            fixture.clock.advance(by: .seconds(1))
            #expect(await fixture.refusal(token) == nil)
            #expect(fixture.issuer.fetchCount == 2)
        }
    }

    @Test func `a new key is found at once, and made-up ones cause one fetch a minute`() async throws {
        try await IDTokenFixture.with { fixture in
            let issuer = fixture.issuer
            #expect(try await fixture.refusal(issuer.token()) == nil)
            fixture.clock.advance(by: .seconds(60))
            let key = try await TestIssuer.makeKey()
            issuer.publish([TestIssuer.publicKey(issuer.key, id: "key-1"), TestIssuer.publicKey(key, id: "key-2")])
            #expect(try await fixture.refusal(issuer.token(header: ["kid": "\"key-2\""], key: key)) == nil)
            #expect(issuer.fetchCount == 2)
            for number in 0..<20 {
                let error = try await unknownKey(fixture, "made-up-\(number)")
                #expect(error?.status == 401)
            }
            #expect(issuer.fetchCount == 2)
            fixture.clock.advance(by: .seconds(60))
            for number in 0..<20 { _ = try await unknownKey(fixture, "made-up-\(number)") }
            #expect(issuer.fetchCount == 3)
        }
    }

    @Test func `a key that the issuer withdrew is refused when its time is over`() async throws {
        try await IDTokenFixture.with { fixture in
            let token = try await fixture.issuer.token()
            #expect(await fixture.refusal(token) == nil)
            fixture.issuer.publish([TestIssuer.publicKey(try await TestIssuer.makeKey(), id: "key-2")])
            fixture.clock.advance(by: .seconds(3_599))
            #expect(await fixture.refusal(token) == nil)
            fixture.clock.advance(by: .seconds(1))
            #expect(await fixture.isInvalid(token))
        }
    }

    @Test func `while the issuer does not answer its last keys go on for a day, and then nothing is known`() async throws {
        try await IDTokenFixture.with { fixture in
            let token = try await fixture.issuer.token(claims: ["exp": "1e10"])
            #expect(await fixture.refusal(token) == nil)
            fixture.issuer.respond([.answer(503)])
            fixture.clock.advance(by: .seconds(3_600))
            for _ in 0..<10 { #expect(await fixture.refusal(token) == nil) }
            #expect(fixture.issuer.fetchCount == 2)
            // It may be a new one.
            #expect(try await unknownKey(fixture, "key-2") == .unavailable)
            fixture.clock.advance(by: .seconds(86_399))
            #expect(await fixture.refusal(token) == nil)
            fixture.clock.advance(by: .seconds(1))
            #expect(await fixture.refusal(token) == .unavailable)
            fixture.issuer.publish([TestIssuer.publicKey(fixture.issuer.key, id: "key-1")])
            fixture.clock.advance(by: .seconds(10))
            #expect(await fixture.refusal(token) == nil)
        }
    }

    @Test(
        arguments: [
            [.answer(200, "{}")], [.answer(200, "[]")], [.answer(200, "{\"keys\":[]}")], [.answer(200, "<html>")], [.answer(404)],
            [.answer(302, headers: [("Location", "/other")])], [.answer(200, String(repeating: " ", count: 300 << 10))], [.reset], [.close],
        ] as [[ScriptedServer.Step]])
    func `an answer without keys leaves tokens unchecked, and is not asked for with each request`(
        _ steps: [ScriptedServer.Step]
    ) async throws {
        try await IDTokenFixture.with { fixture in
            fixture.issuer.respond(steps)
            let token = try await fixture.issuer.token()
            for _ in 0..<5 { #expect(await fixture.refusal(token) == .unavailable) }
            #expect(fixture.issuer.fetchCount == 1)
            await #expect(throws: (any Error).self) { try await fixture.verifier.keyCount() }
        }
    }

    @Test(
        arguments: [
            ([], 3_600), (["max-age=7200"], 7_200), (["private, Max-Age=\"900\""], 900), (["max-age=1"], 300),
            (["max-age=99999999"], 86_400),
            (["no-cache, max-age=7200"], 300), (["no-store"], 300), (["max-age=x"], 3_600), (["max-age=-5"], 300), (["max-age=inf"], 3_600),
            (["public", "max-age=700"], 700), (["max-age=1e300"], 86_400),
        ] as [([String], Double)])
    func `a lifetime is the issuer's within our limits`(_ values: [String], _ seconds: Double) {
        #expect(KeyLifetime.seconds(HTTPHeaders(values.map { ("Cache-Control", $0) })) == seconds)
    }

    @Test func `the time an answer spent in other caches counts`() {
        #expect(KeyLifetime.seconds(HTTPHeaders([("Cache-Control", "max-age=7200"), ("Age", "1200")])) == 6_000)
        #expect(KeyLifetime.seconds(HTTPHeaders([("Cache-Control", "max-age=7200"), ("Age", "9000")])) == 300)
    }
}
