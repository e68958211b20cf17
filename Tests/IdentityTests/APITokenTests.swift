import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Identity

private let start = Date(timeIntervalSince1970: 1_793_000_000)

/// Two connected athletes, the desk that issues tokens, and the authenticator that checks them, with a manual clock.
struct IdentityFixture {
    static let athlete = AthleteID(101)
    static let other = AthleteID(102)

    let database: Database
    let clock = WallClock.manual(at: start)
    let desk: TokenDesk
    let authenticator: Authenticator

    init(_ database: Database) async throws {
        self.database = database
        desk = TokenDesk(database: database, clock: clock)
        authenticator = Authenticator(database: database, clock: clock, logger: quietLogger)
        try await database.query(
            "INSERT INTO sync.athlete (athlete_id, uid) VALUES (\(Self.athlete), 'user-1'), (\(Self.other), 'user-2')")
    }

    func issue(_ uid: UID = "user-1", days: Int = 90, scopes: Set<Scope> = [.read]) async throws -> (text: String, id: Int64) {
        let issued = try #require(try await desk.issue(uid, days: days, scopes: scopes))
        return (issued.token.secret.reveal(), issued.entry.id)
    }

    func caller(_ token: String, client: String = "192.0.2.1") async throws(IdentityError) -> Caller {
        try await authenticator.caller(authorization: "Bearer " + token, client: client)
    }

    func refusal(_ authorization: String?, client: String = "192.0.2.1") async -> IdentityError? {
        do { _ = try await authenticator.caller(authorization: authorization, client: client) } catch { return error }
        return nil
    }

    func lastUse() async throws -> Date? { try await desk.list().first?.lastUsedAt }
}

func withIdentity(_ body: (IdentityFixture) async throws -> Void) async throws {
    try await withTestDatabase { try await body(IdentityFixture($0)) }
}

@Suite struct APITokenTests {
    @Test func `a token says whose it is and what it may do`() async throws {
        try await withIdentity { identity in
            let read = try await identity.issue()
            let caller = try await identity.caller(read.text)
            #expect(caller == Caller(uid: "user-1", athlete: IdentityFixture.athlete, scopes: [.read], tokenID: read.id))
            let all = try await identity.issue("user-2", scopes: Set(Scope.allCases))
            #expect(try await identity.caller(all.text).scopes == Set(Scope.allCases))
            #expect(try await identity.caller(all.text).athlete == IdentityFixture.other)
            #expect(try await identity.desk.issue("nobody", days: 90, scopes: [.read]) == nil)
        }
    }

    @Test func `a token has 256 random bits after a prefix, and only its hash is stored`() async throws {
        try await withIdentity { identity in
            let texts = try await [identity.issue().text, identity.issue().text]
            #expect(texts[0] != texts[1])
            #expect(texts.allSatisfy { $0.wholeMatch(of: #/fitnessd_[0-9A-Za-z]{43}/#) != nil })
            let rows = try await identity.database.query("SELECT to_jsonb(t)::text FROM sync.api_token t")
            for row in rows {
                let text = try row.decode(String.self)
                #expect(!texts.contains { text.contains($0.dropFirst(9).prefix(12)) })
            }
            #expect("\(APIToken.random())".contains("fitnessd_") == false)
        }
    }

    @Test(
        arguments: [
            (nil, .missing), ("", .notBearer), ("Basic abc", .notBearer), ("Bearerabc", .notBearer), ("Bearer", .empty),
            ("bearer   ", .empty),
            ("Token Bearer abc", .notBearer),
        ] as [(String?, IdentityError)])
    func `an Authorization field without a token is refused`(_ field: String?, _ error: IdentityError) async throws {
        try await withIdentity { #expect(await $0.refusal(field) == error) }
    }

    @Test func `what is no token, unknown, revoked or of an athlete who moved looks the same to a client`() async throws {
        try await withIdentity { identity in
            let (revoked, moved) = (try await identity.issue(), try await identity.issue("user-2"))
            _ = try await identity.desk.revoke(revoked.id)
            try await identity.database.query("UPDATE sync.athlete SET uid = 'user-3' WHERE athlete_id = 102")
            let long = String(repeating: "a", count: 5_000)
            for text in [revoked.text, moved.text, APIToken.random().secret.reveal(), "abc", "a b", long, "fitnessd_", "ä\u{1}"] {
                let error = try #require(await identity.refusal("Bearer " + text))
                #expect(error.status == 401 && error.code == "token_invalid")
                #expect(error.message == IdentityError.revoked.message)
            }
            #expect(try await identity.desk.list().map(\.state) == [.revoked, .moved])
        }
    }

    @Test func `a token ends with its lifetime, and with its athlete`() async throws {
        try await withIdentity { identity in
            let (short, long) = (try await identity.issue(days: 1), try await identity.issue(days: 100))
            identity.clock.advance(by: .seconds(86_399))
            _ = try await identity.caller(short.text)
            identity.clock.advance(by: .seconds(1))
            #expect(await identity.refusal("Bearer " + short.text) == .expired)
            #expect(try await identity.desk.list().map(\.state) == [.expired, .active])
            try await identity.database.query("UPDATE sync.athlete SET state = 'erasing' WHERE athlete_id = 101")
            #expect(await identity.refusal("Bearer " + long.text)?.status == 401)
            try await identity.database.query("DELETE FROM sync.athlete WHERE athlete_id = 101")
            #expect(await identity.refusal("Bearer " + long.text)?.status == 401)
            #expect(try await identity.database.query("SELECT FROM sync.api_token").isEmpty)
        }
    }

    @Test func `the last use is known to the minute, and written no more often`() async throws {
        try await withIdentity { identity in
            let token = try await identity.issue()
            #expect(try await identity.lastUse() == nil)
            _ = try await identity.caller(token.text)
            #expect(try await identity.lastUse() == start)
            identity.clock.advance(by: .seconds(59))
            _ = try await identity.caller(token.text)
            #expect(try await identity.lastUse() == start)
            identity.clock.advance(by: .seconds(1))
            _ = try await identity.caller(token.text)
            #expect(try await identity.lastUse() == start.addingTimeInterval(60))
        }
    }

    @Test func `a session's last use is known to the minute, too`() async throws {
        try await withIdentity { identity in
            let desk = WebSessionDesk(database: identity.database, clock: identity.clock)
            let link = try await desk.makeAdminLink(lasts_s: 3_600, userID: 7, userName: nil)
            let secret = try #require(try await desk.enter(link.secret, admins: true, athletes: false)).secret
            for (wait_s, written) in [(0, 0.0), (59, 0), (1, 60), (61, 121)] {
                identity.clock.advance(by: .seconds(wait_s))
                #expect(try await desk.session(secret) != nil)
                let last = try await identity.database.query("SELECT last_used_at FROM sync.web_session")[0].decode(Date?.self)
                #expect(last == start.addingTimeInterval(written))
            }
        }
    }

    @Test func `a token that asks too often has to wait, and others don't`() async throws {
        try await withIdentity { identity in
            let (busy, calm) = (try await identity.issue(), try await identity.issue())
            for _ in 0..<120 { _ = try await identity.caller(busy.text) }
            #expect(await identity.refusal("Bearer " + busy.text) == .tooManyRequests(retryAfter: 1))
            _ = try await identity.caller(calm.text)
            identity.clock.advance(by: .seconds(1))
            for _ in 0..<2 { _ = try await identity.caller(busy.text) }
            #expect(await identity.refusal("Bearer " + busy.text) == .tooManyRequests(retryAfter: 1))
        }
    }

    @Test func `a client whose tokens are refused too often has to wait, and others don't`() async throws {
        try await withIdentity { identity in
            let token = try await identity.issue()
            for _ in 0..<30 { #expect(await identity.refusal("Bearer abc")?.status == 401) }
            #expect(await identity.refusal("Bearer abc") == .tooManyRequests(retryAfter: 2))
            #expect(await identity.refusal("Bearer " + token.text) == .tooManyRequests(retryAfter: 2))
            _ = try await identity.caller(token.text, client: "192.0.2.2")
            identity.clock.advance(by: .seconds(2))
            _ = try await identity.caller(token.text)
        }
    }

    @Test func `a client that asks without end has to wait, whatever it sends, and others don't`() async throws {
        try await withIdentity { identity in
            let token = try await identity.issue()
            for _ in 0..<600 { #expect(await identity.refusal(nil) == .missing) }
            #expect(await identity.refusal(nil) == .tooManyRequests(retryAfter: 1))
            #expect(await identity.refusal("Bearer " + token.text) == .tooManyRequests(retryAfter: 1))
            _ = try await identity.caller(token.text, client: "192.0.2.2")
            #expect(throws: IdentityError.tooManyRequests(retryAfter: 1)) { try identity.authenticator.admit(client: "192.0.2.1") }
            identity.clock.advance(by: .seconds(1))
            _ = try await identity.caller(token.text)
        }
    }

    @Test func `without a database the token can't be checked, which is not the client's fault`() async throws {
        try await withIdentity { identity in
            let token = try await identity.issue()
            await identity.database.close()
            let error = await identity.refusal("Bearer " + token.text)
            #expect(error == .unavailable && error?.status == 503)
        }
    }
}
