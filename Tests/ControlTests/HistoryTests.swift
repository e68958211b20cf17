import ControlAPI
import Core
import Database
import Foundation
import Sync
import TestKit
import Testing

@testable import ControlServer

/// `history` and `retry`.
@Suite struct HistoryTests {
    private func addRuns(_ daemon: ControlHarness) async throws {
        for id in Int64(7)...8 { try await daemon.addAthlete(id) }
        try await daemon.database.query(
            """
            INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
            SELECT 7 + n % 2, CASE n WHEN 3 THEN 'request' ELSE 'rhythm' END, t, t + interval '90 seconds', n, n - 1,
                CASE WHEN n = 4 THEN 'failed' ELSE 'done' END, CASE WHEN n = 4 THEN 'Strava said no' END
            FROM (SELECT n, now() - (6 - n) * interval '1 day' AS t FROM generate_series(1, 5) AS n) AS runs
            """)
    }

    @Test func `turns are listed with calls, what landed, duration and error, the newest first, in pages`() async throws {
        try await ControlHarness.serve { daemon in
            try await addRuns(daemon)
            let all: HistoryMessage = try await daemon.client.send(ControlTarget(.historyAll))
            #expect(all.runs.map(\.calls) == [5, 4, 3, 2, 1] && all.nextBefore == nil)
            #expect(all.runs[1].athleteID == 7 && all.runs[1].error == "Strava said no" && all.runs[1].landed == 3)
            #expect(all.runs.allSatisfy { $0.durationS == 90 })
            let one: HistoryMessage = try await daemon.client.send(ControlTarget(.historyAthlete, athlete: 8, query: [("limit", "2")]))
            #expect(one.runs.map(\.calls) == [5, 3] && one.nextBefore == one.runs[1].runID)
            let rest: HistoryMessage = try await daemon.client.send(
                ControlTarget(.historyAthlete, athlete: 8, query: [("before", "\(one.nextBefore ?? 0)")]))
            #expect(rest.runs.map(\.calls) == [1] && rest.nextBefore == nil)
            let failed: HistoryMessage = try await daemon.client.send(ControlTarget(.historyAll, query: [("failed", "true")]))
            #expect(failed.runs.map(\.calls) == [4])
            let error = await #expect(throws: ControlClientError.self) {
                let _: HistoryMessage = try await daemon.client.send(ControlTarget(.historyAthlete, athlete: 9))
            }
            #expect(error?.refusal == "not_found")
        }
    }

    @Test func `the command shows a table, and with --json pages`() async throws {
        try await ControlHarness.serve { daemon in
            try await addRuns(daemon)
            let text = try await Tool.run(["history", "--since", "3d"], socket: daemon.socketPath)
            #expect(text.code == 0 && text.out.split(separator: "\n").count == 4, "\(text.out)")
            #expect(text.out.contains("Strava said no") && text.out.contains("schedule"))
            let few = try await Tool.run(["history", "7", "--limit", "1", "--json"], socket: daemon.socketPath)
            let page = try ControlJSON.decode(HistoryMessage.self, from: Array(few.out.utf8))
            #expect(page.runs.map(\.calls) == [4] && page.nextBefore != nil)
            let none = try await Tool.run(["history", "8", "--failed"], socket: daemon.socketPath)
            #expect(none.code == 0 && none.out == "no turn failed\n")
            #expect(try await Tool.run(["history", "--limit", "0"], socket: daemon.socketPath).code == 2)
        }
    }

    private func addFailures(_ daemon: ControlHarness, _ id: Int64) async throws {
        try await daemon.addAthlete(id)
        try await daemon.addActivity(id, id * 10, streams: "failed")
        try await daemon.endTurn(id, error: "Strava said no")
        try await daemon.database.query(
            """
            UPDATE sync.completeness SET state = 'failed', attempts = 5, next_try_at = now() + interval '5 hours'
            WHERE athlete_id = \(id) AND endpoint = 'streams'
            """)
        try await daemon.database.query(
            """
            INSERT INTO sync.athlete_object (athlete_id, endpoint, state, attempts, next_try_at)
            VALUES (\(id), 'athlete_zones', 'failed', 2, now() + interval '5 hours')
            """)
        try await daemon.database.query("UPDATE sync.schedule SET failures = 6 WHERE athlete_id = \(id)")
        try await daemon.database.query(
            "INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason) VALUES (\(id), 'detail', 1, 'wrong_shape')")
    }

    @Test func `retry clears the waits of one athlete, and leaves the quarantine and others alone`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 { try await addFailures(daemon, id) }
            let done = try await Tool.run(["retry", "7"], socket: daemon.socketPath)
            #expect(done.code == 0, "\(done.err)")
            #expect(
                done.out == """
                    Cleared 6 failed turns and 2 failed answers of athlete 7; the next turn is due
                    1 entry stays in the quarantine: fitnessctl quarantine retry 7

                    """)
            let rows = try await daemon.database.query(
                """
                SELECT s.failures, s.last_error IS NULL, s.due_at <= now(),
                    (SELECT count(*) FROM sync.completeness c WHERE c.athlete_id = s.athlete_id AND c.state = 'failed'),
                    (SELECT count(*) FROM sync.athlete_object o WHERE o.athlete_id = s.athlete_id AND o.state = 'failed'),
                    (SELECT count(*) FROM sync.quarantine q WHERE q.athlete_id = s.athlete_id)
                FROM sync.schedule s ORDER BY s.athlete_id
                """
            ).map { try $0.decode(Int.self, Bool.self, Bool.self, Int.self, Int.self, Int.self) }
            #expect(rows[0] == (0, true, true, 0, 0, 1))
            #expect(rows[1] == (6, false, false, 1, 1, 1))
        }
    }

    @Test func `an athlete who must connect again, or is not known, is not retried, and a pause is told`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 { try await daemon.addAthlete(id) }
            try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect' WHERE athlete_id = 7")
            let reconnect = try await Tool.run(["retry", "7"], socket: daemon.socketPath)
            #expect(reconnect.code == 1 && reconnect.err.contains("must connect again"))
            #expect(try await Tool.run(["retry", "9"], socket: daemon.socketPath).code == 1)
            let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAthlete, athlete: 8))
            let paused = try await Tool.run(["retry", "8"], socket: daemon.socketPath)
            #expect(paused.code == 0 && paused.out.contains("\nIt comes after the athlete's pause until resumed, by "), "\(paused.out)")
            let due = try await daemon.database.query("SELECT due_at = 'infinity' FROM sync.schedule WHERE athlete_id = 8")
            #expect(try due[0].decode(Bool.self))
        }
    }
}
