import Core
import Database
import Foundation
import StravaAPI
import SyncStore

/// Takes Strava's events: each is written down once and makes its athlete due at once, in the line of what is live.
public struct EventDesk: Sendable {
    /// Where events come in and what proves the subscription to be ours.
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

    /// The address of this installation; made at the first call and kept in Postgres.
    /// - Parameter verifyToken: the operator's own one; nil: a random one.
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

    /// Reads the body of an event; nil when it is none.
    public func event(in body: [UInt8]) -> StravaEvent? { StravaEvent(body: body, receivedAt: clock.now) }

    /// Writes an event down and wakes the scheduler. False: its athlete is not known, or it came before.
    ///
    /// Of an activity that changed or vanished the details are asked for again: what Strava answers to that is believed, not the event.
    @discardableResult
    public func accept(_ event: StravaEvent) async throws -> Bool {
        do {
            return try await write(event)
        } catch let error as DatabaseError where error.code == .serialization {
            // Strava waits two seconds, and sends what was not taken twice more.
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
            return true
        }
    }
}
