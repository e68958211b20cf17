import Core
import Database
import Digest
import Foundation
import SyncStore
import Vault

/// What a connect was begun for.
struct ConnectPurpose: Sendable, Equatable {
    let link: ConnectLink
    /// The athlete who has just connected with this link and may use it once more; nil: the link must be unused.
    var renewedAthlete: AthleteID?

    var uid: UID { link.uid }
}

/// Issues one-time states, lets the browser that began a connect finish it, and remembers the result. All of it is in `sync.connect_state`, so
/// that any process can finish a connect that another began.
struct ConnectStates: Sendable {
    /// Long enough to log in at Strava first, short enough for a link that leaks. Results are shown for the same time.
    static let lifetime = Duration.seconds(600)
    /// States stored at once: opening the connect link in a loop fills at most 4 MB.
    static let countMax = 10_000
    /// Connects that one client may have open at once: enough for a hall full of people behind one address.
    static let clientCountMax = 200
    /// A callback that takes longer was interrupted: the exchange with Strava takes at most 30 s.
    static let takenMax = Duration.seconds(90)

    /// What became of a callback's state.
    enum Take: Sendable, Equatable {
        /// The caller finishes the connect.
        case taken(ConnectPurpose)
        /// It is finished, or being finished.
        case known
        /// Begun in another browser.
        case foreign
        /// Never issued, or expired.
        case unknown
    }

    /// How a connect stands whose callback has come.
    enum Standing: Sendable, Equatable {
        case ended(ConnectOutcome, ConnectPurpose)
        case underWay
    }

    /// A grant that was held while the person was asked, with the outcome that asked.
    struct Released: Sendable {
        let purpose: ConnectPurpose
        let asked: ConnectOutcome
        let held: HeldGrant
    }

    let database: Database
    let clock: WallClock

    /// - Throws: `GatewayError` with `tooManyConnects` or `tooManyConnectsOfClient`, `DatabaseError`.
    func begin(_ purpose: ConnectPurpose, browser: ConnectSecret, client: String) async throws -> ConnectSecret {
        let now = clock.now
        let state = ConnectSecret.random()
        try await sweep()
        let counts = try await database.query(
            ConnectStateTable.begin(
                state.hash, purpose.beginning, by: (browser.hash, client), limits: (Self.countMax, Self.clientCountMax), now: now,
                expiresAt: now.addingTimeInterval(Self.lifetime.seconds)))
        let (open, hasBegun) = try counts.first?.decode(Int.self, Bool.self) ?? (0, false)
        if hasBegun { return state }
        throw GatewayError(open < Self.clientCountMax ? .tooManyConnects : .tooManyConnectsOfClient)
    }

    /// Whether a grant was stored with the link.
    func isUsed(_ link: ConnectLink) async throws -> Bool {
        try await !database.query("SELECT FROM sync.connect_link WHERE link_id = \(link.id)").isEmpty
    }

    /// Lets one callback at a time finish the connect. A connect that failed may be tried again: people go back and change their minds.
    func take(_ state: ConnectSecret, browser: ConnectSecret?) async throws -> Take {
        let now = clock.now
        let key = browser?.hash ?? []
        let takenBefore = now.addingTimeInterval(-Self.takenMax.seconds)
        let taken = try await database.query(ConnectStateTable.take(state.hash, browser: key, takenBefore: takenBefore, now: now))
        if let row = taken.first, let purpose = try ConnectPurpose(row) { return .taken(purpose) }
        return try await refusal(state, key)
    }

    /// Like `take`, but changes nothing, for HEAD. Never returns `.taken`.
    func look(_ state: ConnectSecret, browser: ConnectSecret?) async throws -> Take {
        try await refusal(state, browser?.hash ?? [])
    }

    /// Stores the connect's outcome for the lifetime of a state, and the grant that waits for the person's decision.
    func finish(_ hash: [UInt8], _ outcome: ConnectOutcome, held: HeldGrant? = nil) async throws {
        let expiresAt = clock.now.addingTimeInterval(Self.lifetime.seconds)
        let sealed = held.map { (keyID: $0.keyID, bytes: $0.bytes) }
        try await database.query(ConnectStateTable.finish(hash, outcome: JSONText(try outcome.json), held: sealed, expiresAt: expiresAt))
    }

    /// Hands out the held grant, once; nil: this browser was asked nothing, or has decided already.
    func release(_ hash: [UInt8], browser: ConnectSecret?) async throws -> Released? {
        let rows = try await database.query(ConnectStateTable.release(hash, browser: browser?.hash ?? [], now: clock.now))
        guard let row = rows.first, let purpose = try ConnectPurpose(row) else { return nil }
        let held = HeldGrant(keyID: try row.column(5), bytes: try row.column(6))
        return Released(purpose: purpose, asked: try ConnectOutcome(json: row.column(4)), held: held)
    }

    /// How the connect stands whose state has this hash; nil: this browser has begun no such connect.
    func standing(_ hash: [UInt8], browser: ConnectSecret?) async throws -> Standing? {
        let rows = try await database.query(
            """
            SELECT uid, link_id, link_expires_at, renewed_athlete, outcome::text, taken_at FROM sync.connect_state
            WHERE state_sha256 = \(hash) AND browser_sha256 = \(browser?.hash ?? []) AND expires_at > \(clock.now) AND taken_at IS NOT NULL
            """)
        guard let row = rows.first, let purpose = try ConnectPurpose(row) else { return nil }
        if let json = try row.column(4, as: String?.self) { return .ended(try ConnectOutcome(json: json), purpose) }
        let isLate = try row.column(5, as: Date.self).addingTimeInterval(Self.takenMax.seconds) <= clock.now
        return isLate ? .ended(ConnectOutcome(.interrupted), purpose) : .underWay
    }

    /// Deletes expired states and links.
    func sweep() async throws {
        try await database.query(ConnectStateTable.prune(now: clock.now))
        // A connect that was begun with a link that was still valid may end later.
        try await database.query(ConnectLinkTable.prune(expiredBefore: clock.now.addingTimeInterval(-6 * Self.lifetime.seconds)))
    }

    private func refusal(_ state: ConnectSecret, _ browser: [UInt8]) async throws -> Take {
        let rows = try await database.query(
            """
            SELECT browser_sha256 = \(browser) FROM sync.connect_state
            WHERE state_sha256 = \(state.hash) AND expires_at > \(clock.now)
            """)
        guard let row = rows.first else { return .unknown }
        return try row.decode(Bool.self) ? .known : .foreign
    }
}

extension ConnectPurpose {
    fileprivate var beginning: ConnectStateTable.Beginning {
        .init(uid: link.uid, linkID: link.id, linkExpiresAt: link.expiresAt, renewedAthlete: renewedAthlete)
    }

    /// From a row that begins with the columns of `ConnectStateTable.Beginning`; nil: its uid is none.
    fileprivate init?(_ row: Row) throws {
        guard let begun = try ConnectStateTable.Beginning(row) else { return nil }
        self.init(
            link: ConnectLink(uid: begun.uid, id: begun.linkID, expiresAt: begun.linkExpiresAt), renewedAthlete: begun.renewedAthlete)
    }
}

/// 258 random bits as 43 characters of base64url: the one-time `state` that Strava sends back, or the cookie that binds it to a browser. Only
/// hashes are stored.
struct ConnectSecret: Sendable, Equatable {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let characterCount = 43

    let text: String

    /// A new secret.
    static func random() -> ConnectSecret {
        var generator = SystemRandomNumberGenerator()
        let characters = (0..<characterCount).map { _ in alphabet[Int(generator.next(upperBound: UInt(alphabet.count)))] }
        return ConnectSecret(unchecked: String(decoding: characters, as: UTF8.self))
    }

    /// A secret from the network; nil: it can't be one of ours.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.characterCount, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    /// The stored form. A plain hash is enough: 258 random bits can't be guessed.
    var hash: [UInt8] { SHA256.digest(of: Array(text.utf8)) }
}
