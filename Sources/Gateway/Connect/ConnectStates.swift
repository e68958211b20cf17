import Core
import Database
import Foundation
import SyncStore

/// Gives out one-time states, lets each be finished by the browser that began it, and remembers how, through `sync.connect_state`: any
/// process may finish what another began.
struct ConnectStates: Sendable {
    /// Long enough to log in at Strava first, short enough for a link that leaks. A result is shown as long.
    static let lifetime = Duration.seconds(600)
    /// States that may be remembered at once; whoever opens the connect link in a loop fills no more than 4 MB.
    static let countMax = 10_000
    /// Connects that one client may have open at once: a hall full of people behind one address.
    static let clientCountMax = 200
    /// A callback that takes longer was interrupted: the exchange with Strava is bounded by 30 s.
    static let takenMax = Duration.seconds(90)

    /// What became of a callback's state.
    enum Take: Sendable, Equatable {
        /// The caller finishes the connect for this uid.
        case taken(UID)
        /// Somebody finished it, or is at it.
        case known
        /// Begun in another browser.
        case foreign
        /// Never given out, or too old.
        case unknown
    }

    /// What is known of a connect that a callback came for.
    enum Standing: Sendable, Equatable {
        case ended(ConnectOutcome, UID)
        case underWay
    }

    let database: Database
    let clock: WallClock

    /// - Throws: `GatewayError` with `tooManyConnects` or `tooManyConnectsOfClient`, `DatabaseError`.
    func begin(uid: UID, browser: ConnectSecret, client: String) async throws -> ConnectSecret {
        let now = clock.now
        let state = ConnectSecret.random()
        try await sweep()
        let counts = try await database.query(
            ConnectStateTable.begin(
                state.hash, uid: uid, browser: browser.hash, client: client, countMax: Self.countMax, clientCountMax: Self.clientCountMax,
                now: now, expiresAt: now.addingTimeInterval(Self.lifetime.seconds)))
        let (open, hasBegun) = try counts.first?.decode(Int.self, Bool.self) ?? (0, false)
        if hasBegun { return state }
        throw GatewayError(open < Self.clientCountMax ? .tooManyConnects : .tooManyConnectsOfClient)
    }

    /// Lets one callback at a time finish the connect. One that did not succeed may be tried again: people go back and change their mind.
    func take(_ state: ConnectSecret, browser: ConnectSecret?) async throws -> Take {
        let now = clock.now
        let key = browser?.hash ?? []
        let takenBefore = now.addingTimeInterval(-Self.takenMax.seconds)
        let taken = try await database.query(ConnectStateTable.take(state.hash, browser: key, takenBefore: takenBefore, now: now))
        if let uid = try taken.first.flatMap({ UID(try $0.decode(String.self)) }) { return .taken(uid) }
        return try await refusal(state, key)
    }

    /// As `take`, without taking: what a HEAD may know.
    func look(_ state: ConnectSecret, browser: ConnectSecret?) async throws -> Take {
        try await refusal(state, browser?.hash ?? [])
    }

    /// Remembers how the connect ended, for as long as a state lives.
    func finish(_ state: ConnectSecret, _ outcome: ConnectOutcome) async throws {
        let expiresAt = clock.now.addingTimeInterval(Self.lifetime.seconds)
        try await database.query(ConnectStateTable.finish(state.hash, outcome: JSONText(try outcome.json), expiresAt: expiresAt))
    }

    /// How the connect stands whose state has this hash; nil when this browser has begun none of that name.
    func standing(_ hash: [UInt8], browser: ConnectSecret?) async throws -> Standing? {
        let rows = try await database.query(
            """
            SELECT uid, outcome::text, taken_at FROM sync.connect_state
            WHERE state_sha256 = \(hash) AND browser_sha256 = \(browser?.hash ?? []) AND expires_at > \(clock.now) AND taken_at IS NOT NULL
            """)
        guard let row = rows.first else { return nil }
        let (text, json, takenAt) = try row.decode(String.self, String?.self, Date.self)
        guard let uid = UID(text) else { return nil }
        if let json { return .ended(try ConnectOutcome(json: json), uid) }
        let isLate = takenAt.addingTimeInterval(Self.takenMax.seconds) <= clock.now
        return isLate ? .ended(ConnectOutcome(.interrupted), uid) : .underWay
    }

    /// Forgets what has expired, and with it who began it.
    func sweep() async throws { try await database.query(ConnectStateTable.prune(now: clock.now)) }

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
