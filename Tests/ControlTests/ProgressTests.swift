import ControlAPI
import Core
import Foundation
import Sync
import Synchronization
import TestKit
import Testing

@testable import ControlServer
@testable import fitnessctl

@Suite struct ProgressTests {
    @Test func `progress continues until the requested turn has ended and nothing is due`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 70, streams: "pending")
            let accepted: AcceptedMessage = try await daemon.client.send(ControlTarget(.syncAthlete, athlete: 7))
            let seen = try await follow(daemon, .progressAthlete, 7, accepted.requestedAt) { count in
                if count == 1 { try await daemon.endTurn(7) }
            }
            #expect(seen.first?.outcome == nil && seen.first?.pending == 1 && seen.first?.activities == 1)
            #expect(seen.last?.outcome == .done && seen.last?.pending == 0 && seen.last?.landed == 2)
        }
    }

    @Test func `a turn that ended before the request does not count`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.endTurn(7)
            let since = Date(timeIntervalSinceNow: 1)
            let message = try await SyncProgress.read(of: AthleteID(7), since: since, from: daemon.database, now: Date())
            #expect(message.outcome == nil && message.done == 0 && message.athletes == 1)
        }
    }

    @Test func `waiting for one step does not wait for the others`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 70, streams: "pending")
            let since = Date(timeIntervalSinceNow: -1)
            try await daemon.database.query(
                "UPDATE sync.schedule SET request = NULL, last_finished_at = now(), due_at = now() + interval '1 hour'")
            func outcome(_ only: [SyncStep]?) async throws -> SyncProgress.Outcome? {
                try await SyncProgress.read(of: AthleteID(7), since: since, only: only, from: daemon.database, now: Date()).outcome
            }
            #expect(try await outcome([.list]) == .done)
            #expect(try await outcome([.list, .detail]) == .done)
            #expect(try await outcome([.streams]) == nil)
            #expect(try await outcome(nil) == nil)
        }
    }

    @Test func `pending silver counts as due work`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let since = Date(timeIntervalSinceNow: -1)
            try await daemon.endTurn(7)
            _ = try await daemon.database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (7, 70)")
            func outcome() async throws -> SyncProgress.Outcome? {
                try await SyncProgress.read(of: AthleteID(7), since: since, from: daemon.database, now: Date()).outcome
            }
            #expect(try await outcome() == nil)
            _ = try await daemon.database.query("DELETE FROM sync.transform_work")
            #expect(try await outcome() == .done)
        }
    }

    @Test func `connections to PostgreSQL that break do not end the progress`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let accepted: AcceptedMessage = try await daemon.client.send(ControlTarget(.syncAthlete, athlete: 7))
            let seen = try await follow(daemon, .progressAthlete, 7, accepted.requestedAt) { count in
                if count > 1 { return }
                try await daemon.database.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)
                try await daemon.endTurn(7)
            }
            #expect(seen.last?.outcome == .done)
        }
    }

    @Test func `a log gets the first and the last message, the beginning and the end of trouble, and else one line a minute`() {
        func message(_ seconds: Double, landed: Int, outcome: ProgressMessage.SyncOutcome? = nil) -> ProgressMessage {
            ProgressMessage(
                at: Date(timeIntervalSince1970: seconds), athletes: 1, finished: 0, working: 1, activities: 9, landed: landed, pending: 5,
                waiting: WaitingMessage(reason: "reserve", until: Date(timeIntervalSince1970: seconds + 30)), outcome: outcome, error: nil)
        }
        let first = message(0, landed: 1)
        #expect(first.isWorthALine(after: nil))
        #expect(!message(5, landed: 3).isWorthALine(after: first))
        #expect(message(60, landed: 3).isWorthALine(after: first))
        #expect(message(5, landed: 3, outcome: .done).isWorthALine(after: first))
        #expect(first.stale(at: Date(timeIntervalSince1970: 7)).isWorthALine(after: first))
        #expect(
            !message(5, landed: 3).stale(at: Date(timeIntervalSince1970: 9)).isWorthALine(
                after: first.stale(at: Date(timeIntervalSince1970: 7))))
    }

    @Test func `a failed turn ends the progress with its error`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addAthlete(8)
            let accepted: AcceptedMessage = try await daemon.client.send(ControlTarget(.syncAll))
            try await daemon.endTurn(7)
            try await daemon.endTurn(8, error: "Strava said no")
            let seen = try await follow(daemon, .progressAll, nil, accepted.requestedAt) { _ in }
            #expect(seen.last?.outcome == .failed && seen.last?.error == "Strava said no" && seen.last?.finished == 2)
        }
    }

    @Test func `a dead grant ends the progress as failed`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            _ = try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect', state_reason = 'revoked'")
            let seen = try await follow(daemon, .progressAthlete, 7, Date()) { _ in }
            #expect(seen.last?.outcome == .failed && seen.last?.error == "revoked")
        }
    }

    @Test func `a pause, of one athlete or of all, ends the progress as paused`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            _ = try await daemon.registry.pause(AthleteID(7), until: nil, reason: nil)
            #expect(try await follow(daemon, .progressAthlete, 7, Date()) { _ in }.last?.outcome == .paused)
            _ = try await daemon.registry.resume(AthleteID(7))
            _ = try await daemon.registry.pause(nil, until: Date(timeIntervalSinceNow: 60), reason: nil)
            #expect(try await follow(daemon, .progressAthlete, 7, Date()) { _ in }.last?.outcome == .paused)
        }
    }

    @Test func `a graceful stop cuts the stream at once and without an outcome`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let start = ContinuousClock.now
            let seen = try await follow(daemon, .progressAthlete, 7, Date()) { count in
                if count == 1 { await daemon.services.triggerGracefulShutdown() }
            }
            #expect(!seen.isEmpty && seen.allSatisfy { $0.outcome == nil })
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    private func follow(
        _ daemon: ControlHarness, _ route: ControlRoute, _ athlete: Int64?, _ since: Date,
        _ onLine: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> [ProgressMessage] {
        let seen = Mutex<[ProgressMessage]>([])
        let target = ControlTarget(route, athlete: athlete, query: [("since", ControlTime.text(since))])
        try await daemon.client.lines(target) { line in
            let message: ProgressMessage = try ControlClient.decoded(line)
            let count = seen.withLock { seen in
                seen.append(message)
                return seen.count
            }
            try await onLine(count)
            return message.outcome == nil
        }
        return seen.withLock { $0 }
    }
}
