import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

/// Commands that wait for something while the real process restarts.
@Suite struct WaitTests {
    private static func world() -> SimulatorWorld {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        return SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 4, points: 30...50)
    }

    @Test func `sync --wait goes on after a restart and sees the end of the sync`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let gate = rig.simulator.gate(.path("/api/v3"))
            let waiting = try DaemonProcess("fitnessctl", ["sync", "--all", "--full", "--wait"], environment: rig.environment)
            await gate.waitForHeld(1)
            try await eventually("it shows how far the sync is") { waiting.output.contains("to fetch") }
            first.signal(SIGTERM)
            _ = try await first.waitForEnd()
            try await eventually("it says that it waits for the daemon") { waiting.output.contains("; connecting again") }
            gate.open()
            let second = try await rig.start()
            #expect(try await waiting.waitForEnd() == 0, "\(waiting.output)")
            try await eventually("the end is shown") { waiting.output.hasSuffix(", done\n") }
            #expect(waiting.output.matches(of: #/connecting again/#).count == 1, "once: \(waiting.output)")
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd() == 0)
        }
    }

    @Test func `rebuild --wait goes on after a restart and shows what changed`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let waiting = try await rig.database.transaction { connection in
                // Held by this transaction, so that the rebuild can't end.
                try await connection.query(
                    "SELECT FROM silver.activity WHERE activity_id = (SELECT max(activity_id) FROM silver.activity) FOR UPDATE")
                let waiting = try DaemonProcess("fitnessctl", ["rebuild", "--wait"], environment: rig.environment)
                try await eventually("the rebuild waits for the row that is held") {
                    try await !rig.database.query(
                        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ).isEmpty
                }
                first.signal(SIGTERM)
                _ = try await first.waitForEnd()
                try await eventually("it says that it waits for the daemon") { waiting.output.contains("; connecting again") }
                return waiting
            }
            let second = try await rig.start()
            #expect(try await waiting.waitForEnd() == 0, "\(waiting.output)")
            try await eventually("the end is shown") { waiting.output.contains("Rebuilt 4 activities of 1 athlete") }
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd() == 0)
        }
    }
}
