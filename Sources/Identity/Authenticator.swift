import Core
import Database
import Foundation
import Logging
import Metering
import SyncStore

/// Says who asks, by the token that a request presents. One for all routes that need a caller.
public struct Authenticator: Sendable {
    /// An API token has 52 bytes, an ID token about 1,000, with many claims of its own some thousand.
    private static let tokenBytesMax = 6 * 1024

    private let database: Database
    private let idTokens: IDTokenVerifier?
    private let clock: WallClock
    private let limits: RequestLimits
    private let outage = Outage("tokens of clients can't be checked", over: "tokens of clients can be checked again")
    private let logger: Logger
    private let meters = IdentityMeters()

    /// - Parameter idTokens: checks ID tokens; nil: only API tokens are accepted.
    public init(
        database: Database, idTokens: IDTokenVerifier? = nil, clock: WallClock = .system, logger: Logger = Logger(label: "identity")
    ) {
        self.database = database
        self.idTokens = idTokens
        self.clock = clock
        self.logger = logger
        limits = RequestLimits(clock: clock)
    }

    /// Counts a request of a client that is refused before it is asked who sends it. `caller` counts all others.
    ///
    /// - Throws: `IdentityError.tooManyRequests`.
    public func admit(client: String) throws(IdentityError) {
        if let wait = limits.take(.client(client)) { throw .tooManyRequests(retryAfter: wait) }
    }

    /// Looks for what a secret of a client opens: the session of a link. Who presents too many that open nothing has to wait.
    ///
    /// - Parameter look: nil: the secret opens nothing.
    public func tried<Found>(client: String, _ look: () async throws -> Found?) async throws -> Found? {
        try admit(client: client)
        if let wait = limits.wait(.refused(client)) { throw IdentityError.tooManyRequests(retryAfter: wait) }
        let found = try await look()
        if found == nil { _ = limits.take(.refused(client)) }
        return found
    }

    /// The caller whose token holds.
    ///
    /// - Parameters:
    ///   - authorization: the value of the request's `Authorization` field.
    ///   - client: the client address that a refused token is counted for.
    public func caller(authorization: String?, client: String) async throws(IdentityError) -> Caller {
        do throws(IdentityError) {
            return try await identified(authorization, client)
        } catch {
            meters.failures.add(1, error.code)
            throw error
        }
    }

    private func identified(_ authorization: String?, _ client: String) async throws(IdentityError) -> Caller {
        try admit(client: client)
        let token = try Self.bearerToken(authorization)
        if let wait = limits.wait(.refused(client)) { throw .tooManyRequests(retryAfter: wait) }
        do throws(IdentityError) {
            if token.hasPrefix(APIToken.prefix) {
                guard let token = APIToken(token) else { throw .invalid("no API token has such a form") }
                return try await caller(token)
            }
            guard let idTokens else { throw .invalid("not an API token, and no issuer of ID tokens is configured") }
            return try await caller(uid: try await idTokens.uid(token))
        } catch {
            note(error, client)
            throw error
        }
    }

    /// Counts a refused token. An expired one was once good, and the other errors say nothing about the client.
    private func note(_ error: IdentityError, _ client: String) {
        let reason: String
        switch error {
        case .invalid(let text): reason = text
        case .revoked: reason = "a revoked API token"
        default: return
        }
        logger.log(.debug, "token refused", [.reason: reason])
        _ = limits.take(.refused(client))
    }

    /// The text after `Bearer` (RFC 6750, section 2.1).
    private static func bearerToken(_ authorization: String?) throws(IdentityError) -> String {
        guard let authorization else { throw .missing }
        let words = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard words.first?.lowercased() == "bearer" else { throw .notBearer }
        guard words.count == 2, let token = words.last?.trimmingPrefix(while: { $0 == " " }), !token.isEmpty else { throw .empty }
        guard token.utf8.count <= tokenBytesMax, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalid("no token has such a form")
        }
        return String(token)
    }

    // MARK: ID tokens

    private func caller(uid: UID) async throws(IdentityError) -> Caller {
        if let wait = limits.take(.uid(uid)) { throw .tooManyRequests(retryAfter: wait) }
        let athlete: AthleteID?
        do {
            athlete = try await database.query(
                "SELECT athlete_id FROM sync.athlete WHERE uid = \(uid.text) AND state <> 'erasing' ORDER BY athlete_id LIMIT 1"
            ).first?.decode(AthleteID.self)
        } catch { throw unavailable(error) }
        outage.isOver(logger)
        return Caller(uid: uid, athlete: athlete, scopes: Set(Scope.allCases), tokenID: nil)
    }

    // MARK: API tokens

    private func caller(_ token: APIToken) async throws(IdentityError) -> Caller {
        let key = RequestLimits.Key.apiToken(token.hash)
        // Before the database is asked: a program that asks too often costs next to nothing.
        if let wait = limits.wait(key) { throw .tooManyRequests(retryAfter: wait) }
        guard let found = try await look(token) else { throw .invalid("unknown API token") }
        if found.revokedAt != nil { throw .revoked }
        guard found.expiresAt > clock.now else { throw .expired }
        guard found.isOfAthlete, let uid = UID(found.uid) else { throw .invalid("an API token whose athlete has moved or is being erased") }
        if let wait = limits.take(key) { throw .tooManyRequests(retryAfter: wait) }
        await remember(found)
        return Caller(uid: uid, athlete: found.athlete, scopes: Set(found.scopes.compactMap(Scope.init)), tokenID: found.id)
    }

    private struct StoredToken: Sendable {
        let id: Int64
        let athlete: AthleteID
        let uid: String
        let scopes: [String]
        let expiresAt: Date
        let revokedAt: Date?
        let usedAt: Date?
        /// Whether the athlete still has the uid that the token was issued for.
        let isOfAthlete: Bool
    }

    private func look(_ token: APIToken) async throws(IdentityError) -> StoredToken? {
        let found: StoredToken?
        do {
            let rows = try await database.query(
                """
                SELECT t.token_id, t.athlete_id, t.uid, t.scopes, t.expires_at, t.revoked_at, t.last_used_at,
                    a.uid IS NOT DISTINCT FROM t.uid AND a.state <> 'erasing'
                FROM sync.api_token t JOIN sync.athlete a ON a.athlete_id = t.athlete_id
                WHERE t.token_sha256 = \(token.hash)
                """)
            found = try rows.first.map { row in
                let (id, athlete, uid, scopes, expiresAt, revokedAt, usedAt, isOfAthlete) = try row.decode(
                    Int64.self, AthleteID.self, String.self, [String].self, Date.self, Date?.self, Date?.self, Bool.self)
                return StoredToken(
                    id: id, athlete: athlete, uid: uid, scopes: scopes, expiresAt: expiresAt, revokedAt: revokedAt, usedAt: usedAt,
                    isOfAthlete: isOfAthlete)
            }
        } catch { throw unavailable(error) }
        outage.isOver(logger)
        return found
    }

    /// The last use is for people to look at: a request does not fail when it can't be written.
    private func remember(_ token: StoredToken) async {
        let now = clock.now
        guard let lastUsedBefore = LastUse.due(token.usedAt, now: now) else { return }
        do {
            try await database.query(APITokenTable.use(token.id, of: token.athlete, now: now, lastUsedBefore: lastUsedBefore))
        } catch {
            logger.log(.debug, "use of an API token not stored", error)
        }
    }

    private func unavailable(_ error: any Error) -> IdentityError {
        if !error.isCancellation { outage.met(error, logger) }
        return .unavailable
    }
}

/// When the use of a token or a session is written, which is for people to look at: once a minute, not with each request.
enum LastUse {
    private static let pause = Duration.seconds(60)

    /// What the last use must not be later than for one at `now` to be written; nil: it is later.
    static func due(_ last: Date?, now: Date) -> Date? {
        let before = now.addingTimeInterval(-pause.seconds)
        return last ?? before <= before ? before : nil
    }
}

/// What is counted of callers.
public struct IdentityMeters: Sendable {
    public static let definitions = [failureCount]

    private static let failureCount = MetricDefinition.counter(
        "fitnessd_authentication_failures_total", "Requests for which nobody could be identified, by reason.",
        .init("reason", IdentityError.codes))

    let failures = CounterFamily(Self.failureCount)
}
