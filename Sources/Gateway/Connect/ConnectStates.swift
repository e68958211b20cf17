import Core
import Database
import Foundation

/// Gives out one-time states and takes each back once, through `sync.connect_state`: any process may finish what another began.
struct ConnectStates: Sendable {
    /// Long enough to log in at Strava first, short enough for a link that leaks.
    static let lifetime = Duration.seconds(600)
    /// States that may be open at once; whoever opens the connect link in a loop fills no more than 2 MB.
    static let openMax = 10_000

    let database: Database
    let clock: WallClock

    /// - Throws: `GatewayError.tooManyConnects`, `DatabaseError`.
    func begin(uid: UID) async throws -> ConnectState {
        let now = clock.now
        let state = ConnectState.random()
        let expiresAt = now.addingTimeInterval(Self.lifetime.seconds)
        _ = try await database.query("DELETE FROM sync.connect_state WHERE expires_at <= \(now)")
        let stored = try await database.query(
            """
            INSERT INTO sync.connect_state (state_sha256, uid, created_at, expires_at)
            SELECT \(state.hash), \(uid.text), \(now), \(expiresAt)
            WHERE (SELECT count(*) FROM sync.connect_state) < \(Self.openMax)
            """)
        guard stored.affected == 1 else { throw GatewayError(.tooManyConnects) }
        return state
    }

    /// The uid that `state` was given out for; nil when it is unknown, used or too old. It can't be taken again.
    func take(_ state: ConnectState) async throws -> UID? {
        let taken = try await database.query(
            "DELETE FROM sync.connect_state WHERE state_sha256 = \(state.hash) RETURNING uid, expires_at")
        guard let row = taken.first else { return nil }
        let (uid, expiresAt) = try row.decode(String.self, Date.self)
        return clock.now < expiresAt ? UID(uid) : nil
    }
}
