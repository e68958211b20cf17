import Core
import Database
import Foundation
import Simulator
import SyncStore
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)

/// A turn of the athlete's that is held at its first list page, for a grant that lacks the right to read activities.
private func withTurnUnderOldGrant(_ body: (SyncRig, Claim, _ end: () async -> Void) async throws -> Void) async throws {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: 5, points: 20...40)
    try await SyncRig.with(world) { rig in
        try await rig.connect(athlete, scopes: .read)
        let gate = rig.simulator.gate(.list)
        let claim = try #require(try await rig.claim().first)
        let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
        await gate.waitForHeld()
        try await body(rig, claim) {
            gate.open()
            _ = await turn.value
        }
    }
}

@Suite struct ReconnectTests {
    @Test func `a turn under the old grant can't ask to reconnect over the new one`() async throws {
        try await withTurnUnderOldGrant { rig, _, end in
            try await rig.connect(athlete, arrival: .awaited)
            await end()
            let rows = try await rig.database.query(
                """
                SELECT a.state, s.due_at <= now(), s.priority, s.request ->> 'by', s.failures
                FROM sync.athlete a JOIN sync.schedule s USING (athlete_id)
                """)
            let (state, isDue, priority, by, failures) = try rows[0].decode(String.self, Bool.self, Int.self, String?.self, Int.self)
            #expect(state == "active" && isDue && priority == 0 && by == "connect" && failures == 0)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `who connects during a turn has the next one at once, even while the old one hangs`() async throws {
        try await withTurnUnderOldGrant { rig, old, end in
            try await rig.connect(athlete, arrival: .bulk)
            let claim = try #require(try await rig.claim().first)
            #expect(claim.lease.fence > old.lease.fence)
            let before = try await rig.number("SELECT count(*) FROM sync.run")
            await end()
            // The old turn's end is not written, and it has not taken the new one's lease away.
            #expect(try await rig.number("SELECT count(*) FROM sync.run") == before)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE lease_owner IS NOT NULL") == 1)
            await AthleteSync(environment: rig.environment, claim: claim).run()
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a pause outlives a new grant`() async throws {
        try await withTurnUnderOldGrant { rig, _, end in
            _ = try await rig.registry.pause(athlete, until: nil, reason: nil)
            try await rig.connect(athlete, arrival: .awaited)
            await end()
            #expect(try await rig.turn() == 0)
            _ = try await rig.registry.resume(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a request to all asks for other streams and for the athletes together, or for neither`() async throws {
        try await withTurnUnderOldGrant { rig, _, end in
            await end()
            try await rig.connect(athlete)
            try await rig.settle()
            try await rig.database.query(
                "UPDATE sync.completeness SET reason = 'only time' WHERE endpoint = 'streams' AND state = 'landed'")
            let pending: SQL = "SELECT count(*) FROM sync.completeness WHERE state = 'pending'"
            try await rig.database.withConnection { connection in
                try await connection.execute("BEGIN; LOCK TABLE sync.completeness")
                let asking = Task { try await rig.registry.requestSync(nil, full: false, only: [.streams], streams: [.watts], by: "test") }
                try await eventually("it waits for the second table") {
                    try await !rig.database.query(
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ).isEmpty
                }
                asking.cancel()
                await #expect(throws: (any Error).self) { try await asking.value }
                try await connection.execute("ROLLBACK")
            }
            #expect(try await rig.number(pending) == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NOT NULL") == 0)
            #expect(try await rig.registry.requestSync(nil, full: false, only: [.streams], streams: [.watts], by: "test") == 1)
            #expect(try await rig.number(pending) > 0)
        }
    }
}
