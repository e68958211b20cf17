import Core
import Database
import Foundation
import Governor
import Simulator
import SyncStore
import TestKit
import Testing

@testable import Sync

/// What happens to the quota when the database was restored from a backup.
@Suite struct RestoreGuardTests {
    private static let start = Date(timeIntervalSince1970: 1_772_460_000 + 300)
    private static let world = SimulatorWorld(seed: 5, epoch: start, athleteCount: 1, activitiesEach: 3, points: 20...30)

    private func guarding(_ rig: SyncRig, _ notices: Notices, _ clock: WallClock) -> RestoreGuard {
        RestoreGuard(
            database: rig.database, strava: rig.environment.strava, governor: rig.environment.governor, vault: rig.environment.vault,
            notices: notices, clock: clock, logger: quietLogger)
    }

    /// As the rows of another database.
    private func pretendRestore(_ database: Database) async throws {
        try await database.query("UPDATE sync.setting SET value = '\"1/2/3\"' WHERE key = 'database_identity'")
    }

    @Test func `the first start keeps the database's identity, and later ones find it unchanged`() async throws {
        let clock = WallClock.manual(at: Self.start)
        try await SyncRig.with(Self.world, clock: clock) { rig in
            let notices = Notices(clock: clock)
            for _ in 0..<2 {
                try await guarding(rig, notices, clock).notice()
                #expect(notices.current.isEmpty)
            }
            #expect(try await rig.database.query("SELECT FROM sync.setting WHERE key = 'database_identity'").count == 1)
            #expect(try await rig.database.query("SELECT FROM sync.quota_window WHERE exhausted").isEmpty)
        }
    }

    @Test func `after a restore the quarter hour is closed, and one call learns what was spent since`() async throws {
        let clock = WallClock.manual(at: Self.start)
        try await SyncRig.with(Self.world, clock: clock) { rig in
            let athlete = rig.world.athleteIDs[0]
            try await rig.connect(athlete)
            let notices = Notices(clock: clock)
            try await guarding(rig, notices, clock).notice()
            try await pretendRestore(rig.database)
            let guarding = guarding(rig, notices, clock)
            try await guarding.notice()
            #expect(notices.current.map(\.code) == [.databaseRestored])
            #expect(notices.unready == nil && notices.current[0].text.contains("no call is made before 14:15 UTC"))
            let closed = try await rig.database.query("SELECT starts_at FROM sync.quota_window WHERE exhausted AND span = 'quarter'")
            #expect(try closed.map { try $0.decode(Date.self) } == [Date(timeIntervalSince1970: 1_772_460_000)])
            let running = Task { try await guarding.run() }
            try await eventually("the call waits") { await rig.environment.governor.snapshot().waitingReason == .restored }
            #expect(rig.simulator.requests.allSatisfy { $0.endpoint != "athlete" })
            try await eventually("it is made in the next quarter hour") {
                clock.advance(by: .seconds(10))
                return notices.current.isEmpty
            }
            #expect(clock.now >= Date(timeIntervalSince1970: 1_772_460_900))
            #expect(rig.simulator.requests.count { $0.endpoint == "athlete" } == 1)
            #expect(try await rig.database.query("SELECT FROM sync.setting WHERE key = 'restored_at'").isEmpty)
            running.cancel()
            try await running.value
        }
    }

    @Test func `a restart before that call waits again`() async throws {
        let clock = WallClock.manual(at: Self.start)
        try await SyncRig.with(Self.world, clock: clock) { rig in
            let notices = Notices(clock: clock)
            try await guarding(rig, notices, clock).notice()
            try await pretendRestore(rig.database)
            try await guarding(rig, notices, clock).notice()
            let after = Notices(clock: clock)
            try await guarding(rig, after, clock).notice()
            #expect(after.current.map(\.code) == [.databaseRestored])
        }
    }
}
