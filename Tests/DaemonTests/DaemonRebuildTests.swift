import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

/// `fitnessctl rebuild` against the real process.
@Suite struct DaemonRebuildTests {
    @Test(arguments: [SIGKILL, SIGTERM])
    func `a daemon that ends in the middle of a rebuild keeps the old rows, and the next start makes the new ones`(signal: Int32)
        async throws
    {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        try await DaemonRig.with(SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 40, points: 40...60)) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver", within: .seconds(60)) { try await rig.isComplete() }
            let dryRun = try await rig.control("rebuild", "--dry-run")
            #expect(dryRun.code == 0 && dryRun.output.contains("Dry run: rebuilt 40 activities of 1 athlete"))
            #expect(dryRun.output.contains(#/activity +40 +40 +0 +0 +0\n/#), "the same answers make the same rows: \(dryRun.output)")
            try await rig.database.query("UPDATE silver.activity SET name = 'old'")
            rig.simulator.clearRequests()
            try await rig.database.transaction { connection in
                try await connection.query(
                    "SELECT FROM silver.activity WHERE activity_id = (SELECT max(activity_id) FROM silver.activity) FOR UPDATE")
                #expect(try await rig.control("rebuild").code == 0)
                try await eventually("the rebuild waits for the row that is held") {
                    try await !rig.database.query(
                        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ).isEmpty
                }
                first.signal(signal)
                let code = try await first.waitForEnd(within: .seconds(15))
                #expect(signal == SIGKILL || code == 0 && !first.output.contains("silver rebuild failed"))
            }
            #expect(try await rig.database.query("SELECT FROM silver.activity WHERE name = 'old'").count == 40)
            let second = try await rig.start()
            try await eventually("the rows are made anew", within: .seconds(60)) {
                try await rig.database.query("SELECT FROM silver.activity WHERE name = 'old'").isEmpty
            }
            #expect(try await rig.differences() == [])
            #expect(
                !rig.simulator.requests.contains { $0.endpoint == "streams" || $0.endpoint == "activity" }, "no answer was fetched again")
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd(within: .seconds(15)) == 0)
        }
    }
}
