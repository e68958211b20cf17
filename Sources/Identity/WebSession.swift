import Core
import Database
import Digest
import Foundation
import SyncStore

/// 256 random bits as text: the secret of a link or of a browser's cookie. Only hashes are stored.
public struct WebSecret: Sendable, Equatable {
    private static let byteCount = 32
    private static let characterCount = 43

    /// The whole text, in base64url.
    public let secret: Secret

    static func random() -> WebSecret { WebSecret(unchecked: Base64URL.random(byteCount: byteCount)) }

    /// A secret from the network; nil: it can't be one of ours.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.characterCount, Base64URL.bytes(text)?.count == Self.byteCount else { return nil }
        secret = Secret(String(text))
    }

    private init(unchecked text: String) { secret = Secret(text) }

    /// The stored form.
    var hash: [UInt8] { SHA256.digest(of: Array(secret.reveal().utf8)) }

    /// What each form of a session's pages sends, so that it can come from these pages alone.
    public var formToken: String { Hexadecimal.text(SHA256.digest(of: Array("form \(secret.reveal())".utf8))) }

    /// Takes the same time for every text of the right length.
    public func isFormToken(_ given: String) -> Bool { ConstantTime.isEqual(formToken.utf8, given.utf8) }
}

/// A session of a browser that holds now.
public struct WebSession: Sendable, Equatable {
    /// Who is at the browser.
    public enum Holder: Sendable, Equatable {
        /// Whoever was given the link by this account, which answers for what the session does.
        case admin(userID: UInt32, userName: String?)
        case athlete(AthleteID, showsPlaces: Bool)
    }

    public let id: Int64
    public let holder: Holder
    /// Of an athlete: those of the token that began the session; with a link from the operator, all.
    public let scopes: Set<Scope>
}

/// Makes links, and begins, finds and ends sessions of browsers. All of it is in `sync.web_session`, so that any process may serve them.
public struct WebSessionDesk: Sendable {
    /// How long an admin's session may last, in seconds: a minute to a month.
    public static let adminLasts_s = 60...30 * 86_400
    public static let adminLastsDefault_s = 12 * 3_600
    /// How long an athlete's session may last, in days.
    public static let athleteDays = 1...365
    public static let athleteDaysDefault = 30
    /// How long a link may wait to be used, in seconds: an admin's is used at once, an athlete's is sent.
    static let adminLink_s = 600.0
    static let athleteLink_s = 7 * 86_400.0
    /// A session that a token began, in seconds: it ends with the token if that is sooner.
    private static let tokenLasts_s = 30 * 86_400

    /// A link that can be used.
    public struct Link: Sendable {
        public let secret: WebSecret
        public let expiresAt: Date
        /// How long the session lasts, in seconds.
        public let lasts_s: Int
    }

    /// What a link is.
    public enum Standing: Sendable, Equatable {
        /// It can be used: for an admin or an athlete.
        case usable(isAdmin: Bool)
        case used, expired, unknown
    }

    /// A session that has just begun.
    public struct Begun: Sendable {
        public let secret: WebSecret
        public let isAdmin: Bool
        public let lasts_s: Int
    }

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock = .system) {
        self.database = database
        self.clock = clock
    }

    // MARK: Links

    /// A link for an admin's session.
    public func makeAdminLink(lasts_s: Int, userID: UInt32, userName: String?) async throws -> Link {
        precondition(Self.adminLasts_s.contains(lasts_s), "the caller checks what people ask for")
        var beginning = WebSessionTable.Beginning(
            kind: .admin, lasts_s: lasts_s, expiresAt: clock.now.addingTimeInterval(Self.adminLink_s))
        beginning.user = (userID, userName)
        let secret = WebSecret.random()
        try await store(WebSessionTable.makeLink(secret.hash, beginning, now: clock.now))
        return Link(secret: secret, expiresAt: beginning.expiresAt, lasts_s: lasts_s)
    }

    /// A link for the session of an athlete, who sees their own places; nil: there is no such athlete.
    public func makeLink(for athlete: AthleteID, days: Int, userID: UInt32, userName: String?) async throws -> Link? {
        precondition(Self.athleteDays.contains(days), "the caller checks what people ask for")
        var beginning = WebSessionTable.Beginning(
            kind: .athlete, lasts_s: days * 86_400, expiresAt: clock.now.addingTimeInterval(Self.athleteLink_s))
        beginning.athlete = athlete
        beginning.user = (userID, userName)
        beginning.showsPlaces = true
        let secret = WebSecret.random()
        guard try await store(WebSessionTable.makeLink(secret.hash, beginning, now: clock.now)) else { return nil }
        return Link(secret: secret, expiresAt: beginning.expiresAt, lasts_s: beginning.lasts_s)
    }

    /// Looks at a link, and changes nothing.
    public func standing(of link: WebSecret) async throws -> Standing {
        let rows = try await database.query(
            "SELECT kind, entered_at IS NOT NULL, expires_at > \(clock.now) FROM sync.web_session WHERE link_sha256 = \(link.hash)")
        guard let (kind, isUsed, holds) = try rows.first?.decode(String.self, Bool.self, Bool.self) else { return .unknown }
        if isUsed { return .used }
        return holds ? .usable(isAdmin: kind == WebSessionKind.admin.rawValue) : .expired
    }

    /// Begins the session of a link, once; nil: the link can't be used, or not here.
    public func enter(_ link: WebSecret, admins: Bool, athletes: Bool) async throws -> Begun? {
        let kinds = (admins ? [WebSessionKind.admin] : []) + (athletes ? [.athlete] : [])
        let secret = WebSecret.random()
        let rows = try await database.query(WebSessionTable.enter(link.hash, of: kinds, secret: secret.hash, now: clock.now))
        guard let (_, kind, lasts_s) = try rows.first?.decode(Int64.self, String.self, Int.self) else { return nil }
        return Begun(secret: secret, isAdmin: kind == WebSessionKind.admin.rawValue, lasts_s: lasts_s)
    }

    // MARK: Sessions

    /// Begins a session of the athlete of an API token, which shows what the token shows; nil: there is no such athlete any more.
    public func begin(for caller: Caller) async throws -> Begun? {
        guard let athlete = caller.athlete else { return nil }
        var beginning = WebSessionTable.Beginning(
            kind: .athlete, lasts_s: Self.tokenLasts_s, expiresAt: clock.now.addingTimeInterval(Double(Self.tokenLasts_s)))
        beginning.athlete = athlete
        beginning.token = caller.tokenID
        beginning.showsPlaces = caller.scopes.contains(.position)
        let secret = WebSecret.random()
        guard try await store(WebSessionTable.begin(secret.hash, beginning, now: clock.now)) else { return nil }
        return Begun(secret: secret, isAdmin: false, lasts_s: Self.tokenLasts_s)
    }

    /// The session of a cookie; nil: none that holds.
    public func session(_ secret: WebSecret) async throws -> WebSession? {
        let now = clock.now
        let rows = try await database.query(
            """
            SELECT s.session_id, s.shows_places, s.user_id, s.user_name, s.last_used_at, n.athlete_id,
                CASE WHEN n.token_id IS NOT NULL THEN t.scopes END
            FROM sync.web_session s
            LEFT JOIN sync.web_session_athlete n ON n.session_id = s.session_id
            LEFT JOIN sync.athlete a ON a.athlete_id = n.athlete_id
            LEFT JOIN sync.api_token t ON t.athlete_id = n.athlete_id AND t.token_id = n.token_id
            WHERE s.secret_sha256 = \(secret.hash) AND s.expires_at > \(now)
              AND (s.kind = 'admin' OR a.state <> 'erasing' AND (n.token_id IS NULL
                OR t.revoked_at IS NULL AND t.expires_at > \(now) AND a.uid IS NOT DISTINCT FROM t.uid))
            """)
        guard let row = rows.first else { return nil }
        let (id, showsPlaces, userID, userName, usedAt, athlete, given) = try row.decode(
            Int64.self, Bool.self, Int64?.self, String?.self, Date?.self, AthleteID?.self, [String]?.self)
        if let lastUsedBefore = LastUse.due(usedAt, now: now) {
            try await database.query(WebSessionTable.use(id, now: now, lastUsedBefore: lastUsedBefore))
        }
        if let athlete {
            let scopes = given.map { Set($0.compactMap(Scope.init)) } ?? Set(Scope.allCases)
            return WebSession(id: id, holder: .athlete(athlete, showsPlaces: showsPlaces), scopes: scopes)
        }
        guard let user = userID.flatMap({ UInt32(exactly: $0) }) else { return nil }
        return WebSession(id: id, holder: .admin(userID: user, userName: userName), scopes: [])
    }

    /// Ends the session of a cookie.
    public func end(_ secret: WebSecret) async throws {
        try await database.transaction { connection in
            for statement in WebSessionTable.end(secret.hash) { _ = try await connection.query(statement) }
        }
    }

    /// Stores a row, and removes those that have expired, in transactions of their own. False: there is no such athlete.
    @discardableResult private func store(_ statement: SQL) async throws -> Bool {
        for prune in WebSessionTable.prune(now: clock.now) { try await database.query(prune) }
        return try await !database.query(statement).isEmpty
    }
}
