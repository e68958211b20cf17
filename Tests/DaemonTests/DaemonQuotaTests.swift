import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

@Suite struct DaemonQuotaTests {
    /// The simulated Strava keeps its own count, by which this test judges, and refuses calls over the limit.
    @Test func `two daemons, another user of the application and kill -9 never exceed the limit by Strava's own count`() async throws {
        let limit = 300
        let world = SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 40, activitiesEach: 20, points: 30...40)
        // Both are configured with a higher limit than the one in force, as after a change at Strava.
        try await DaemonRig.with(world, limits: .init(quarterHour: limit, day: 100 * limit), strava: "600,60000") { rig in
            var rig = rig
            // Fewer places than a third of the athletes, so that no daemon can claim all of them.
            rig.environment["FITNESSD_ATHLETES_IN_WORK"] = "16"
            let other = rig.beside()
            // Answers are held, so that no daemon can spend everything before the others have calls in flight.
            let gate = rig.simulator.gate(.path("/api/v3"))
            let (first, second) = (try await rig.start(), try await other.start())
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("both call Strava") { try await rig.callers() == 2 && gate.heldCount >= 2 }
            rig.simulator.spendElsewhere(15)
            second.signal(SIGKILL)
            _ = try await second.waitForEnd()
            let third = try await other.start()
            try await eventually("the killed one is back and calls Strava") { try await rig.callers() == 3 }
            rig.simulator.spendElsewhere(10)
            gate.open()
            try await eventually("both have spent what there is", within: .seconds(90)) {
                let first = try await rig.waitsForQuota()
                return try await other.waitsForQuota() && first
            }
            let windows = rig.simulator.quotaWindows
            for window in windows { #expect(window.allowed + window.elsewhere <= limit, "\(window)") }
            #expect(windows.allSatisfy { $0.refused == 0 } && !rig.simulator.requests.contains { $0.status == 429 })
            // The killed daemon's calls in flight and in its block count as spent, and a twentieth is reserved for urgent calls.
            if windows.count == 1 { #expect(windows[0].allowed + windows[0].elsewhere >= limit * 2 / 3, "\(windows)") }
            for process in [first, third] {
                process.signal(SIGTERM)
                #expect(try await process.waitForEnd() == 0)
            }
        }
    }
}

extension DaemonRig {
    /// Settings of a second daemon on the same database.
    fileprivate func beside() -> DaemonRig {
        var other = self
        other.environment["FITNESSD_STATE_DIR"] = folder.appending(path: "second").path
        other.environment["FITNESSD_CONTROL_SOCKET"] = folder.appending(path: "second.sock").path
        return other
    }

    /// Runs of the daemon that have taken calls from the shared ledger.
    fileprivate func callers() async throws -> Int {
        let rows = try await database.query("SELECT count(DISTINCT instance) FROM sync.quota_block WHERE leased > 0")
        return try rows[0].decode(Int.self)
    }

    /// Whether calls wait, none is in flight, and none may go before a window ends.
    fileprivate func waitsForQuota() async throws -> Bool {
        let (code, output) = try await control("limits", "--json")
        guard code == 0, let limits = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else { return false }
        let inFlight = (limits["windows"] as? [[String: Any]])?.compactMap { $0["reserved"] as? Int }
        let reason = (limits["waiting"] as? [String: Any])?["reason"] as? String
        return ["quarter_spent", "reserve", "answers"].contains(reason) && inFlight == [0, 0]
    }
}
