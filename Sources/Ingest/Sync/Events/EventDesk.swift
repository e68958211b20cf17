import Core
import Database
import Foundation
import StravaAPI
import SyncStore

/// Accepts Strava's events: each is stored once and makes its athlete due at once, with the priority of live work.
public struct EventDesk: Sendable {
    /// The callback's path, and the token that proves a subscription to be ours.
    public struct Address: Sendable, Equatable {
        /// The last part of the callback's path: events are not signed, so nobody else may know it.
        public let pathSecret: Secret
        /// What Strava says when it validates the callback.
        public let verifyToken: Secret
    }

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// This installation's callback address; made at the first call and stored in PostgreSQL.
    /// - Parameter verifyToken: the operator's own token; nil: a random one.
    public func address(verifyToken: Secret?) async throws -> Address {
        let path = try await setting("webhook_path")
        let token = try await setting("webhook_verify_token")
        return Address(pathSecret: path, verifyToken: verifyToken ?? token)
    }

    private func setting(_ key: String) async throws -> Secret {
        var random = SystemRandomNumberGenerator()
        let made = (0..<4).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        let rows = try await database.query(SettingTable.keep(made, as: key, now: clock.now))
        return Secret(try rows[0].decode(String.self))
    }

    /// Reads the body of an event; nil: it is not one.
    public func event(in body: [UInt8]) -> StravaEvent? { StravaEvent(body: body, receivedAt: clock.now) }

    /// Stores an event and wakes the scheduler. False: its athlete is unknown, or it was stored before.
    ///
    /// If an activity changed or vanished, its detail is fetched again: Strava's answer is believed, not the event. If the athlete is said to have
    /// revoked the application's access, `ErasureKeeper` asks Strava.
    @discardableResult
    public func accept(_ event: StravaEvent) async throws -> Bool {
        do {
            return try await write(event)
        } catch let error as DatabaseError where error.code == .serialization {
            // Strava waits two seconds, and repeats an event that was not accepted twice.
            return try await write(event)
        }
    }

    private func write(_ event: StravaEvent) async throws -> Bool {
        let now = clock.now
        return try await database.transaction { connection in
            let rows = try await connection.pipeline([
                RowLock.schedule(of: [event.owner]),
                EventTable.add(
                    of: event.owner, objectType: event.objectType, objectID: event.objectID, aspectType: event.aspectType,
                    at: event.eventAt, updates: JSONText(event.updates), now: now),
            ])
            if rows[1].affected == 0 { return false }
            try await connection.query(ScheduleTable.announce(event.owner, now: now))
            if event.objectType == "activity" && event.aspectType != "create" {
                try await connection.query(CompletenessTable.reopenDetail(of: event.objectID, of: event.owner, now: now))
            }
            try await connection.query("SELECT pg_notify('sync', '')")
            if event.isDeauthorization { try await connection.query(ErasureTable.suspect(event.owner, now: now)) }
            return true
        }
    }
}
