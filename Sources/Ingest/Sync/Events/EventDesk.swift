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
    private let inbox: EventInbox
    private let meters = SyncMeters()

    public init(database: Database, clock: WallClock, backlog: EventBacklog = EventBacklog()) {
        self.database = database
        self.clock = clock
        inbox = EventInbox(database: database, clock: clock, backlog: backlog)
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
        let made = Hexadecimal.text((0..<32).map { _ in .random(in: .min ... .max, using: &random) })
        let rows = try await database.query(SettingTable.keep(made, as: key, now: clock.now))
        return Secret(try rows[0].decode(String.self))
    }

    /// Reads the body of an event.
    public func read(_ body: [UInt8]) -> StravaEvent.Reading {
        let reading = StravaEvent.read(body, receivedAt: clock.now)
        switch reading {
        case .malformed: meters.events.add(1, "malformed")
        case .noHint: meters.events.add(1, "ignored")
        case .event: break
        }
        return reading
    }

    /// Stores an event and wakes the scheduler. False: its athlete is unknown, or it was stored before.
    ///
    /// If an activity changed or vanished, its detail is fetched again: Strava's answer is believed, not the event. If the athlete is said to have
    /// revoked the application's access, `ErasureKeeper` asks Strava.
    @discardableResult
    public func accept(_ event: StravaEvent) async throws -> Bool {
        let began = ContinuousClock.now
        do {
            let isNew = try await inbox.write(event)
            meters.eventDuration.record(.now - began)
            meters.events.add(1, isNew ? "new" : "known")
            return isNew
        } catch {
            meters.events.add(1, "failed")
            throw error
        }
    }
}
