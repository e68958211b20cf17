import Core
import Foundation
import Testing

@testable import StravaAPI

struct TokenGrantTests {
    private let now = instant("2026-11-23T12:00:00Z")

    private func read(_ body: String, sent: Secret? = nil) -> TokenGrant? { TokenGrant(body: bytes(body), sent: sent, now: now) }

    @Test func `an exchange brings tokens, athlete and scope`() throws {
        let grant = try #require(
            read(
                #"{"token_type":"Bearer","expires_at":1795456800,"expires_in":21600,"refresh_token":"r","access_token":"a","scope":"read activity:read_all","athlete":{"id":134815}}"#
            ))
        #expect(grant.accessToken.reveal() == "a")
        #expect(grant.refreshToken.reveal() == "r")
        #expect(grant.expiresAt == Date(timeIntervalSince1970: 1_795_456_800))
        #expect(grant.athleteID == AthleteID(134_815))
        #expect(grant.scope == ["read", "activity:read_all"])
    }

    @Test(arguments: [
        (#""expires_at":1795456800"#, 1_795_456_800.0), (#""expires_in":600"#, 1_795_435_800.0), (#""x":0"#, 1_795_438_800.0),
        (#""expires_at":"soon","expires_in":600.0"#, 1_795_435_800.0), (#""expires_at":1e300,"expires_in":-5"#, 1_795_438_800.0),
    ])
    func `a token's expiry is found in either form`(field: String, expected: Double) throws {
        let grant = try #require(read(#"{"access_token":"a","refresh_token":"r",\#(field)}"#))
        #expect(grant.expiresAt.timeIntervalSince1970 == expected)
        #expect(grant.athleteID == nil)
        #expect(grant.scope == nil)
    }

    @Test func `a refresh without a new refresh token keeps the one that was sent`() {
        #expect(read(#"{"access_token":"a"}"#, sent: Secret("old"))?.refreshToken == Secret("old"))
        #expect(read(#"{"access_token":"a","refresh_token":"new"}"#, sent: Secret("old"))?.refreshToken == Secret("new"))
        #expect(read(#"{"access_token":"a"}"#) == nil)
    }

    @Test(arguments: [
        "", "[]", "<html>", "{}", #"{"access_token":"","refresh_token":"r"}"#, #"{"access_token":7,"refresh_token":"r"}"#,
        #"{"access_token":"a\r\nX: y","refresh_token":"r"}"#,
    ])
    func `an answer without a pair of tokens is not a grant`(body: String) { #expect(read(body) == nil) }

    @Test func `scopes are separated by commas or blanks`() {
        #expect(TokenGrant.scopes(in: "read,activity:read") == ["read", "activity:read"])
        #expect(TokenGrant.scopes(in: "read activity:read ") == ["read", "activity:read"])
        #expect(TokenGrant.scopes(in: "") == [])
    }

    @Test func `a grant's description does not show its tokens`() throws {
        let grant = try #require(read(#"{"access_token":"geheim","refresh_token":"geheim"}"#))
        var dumped = ""
        dump(grant, to: &dumped)
        #expect(!"\(grant) \(String(reflecting: grant)) \(dumped)".contains("geheim"))
    }
}
