import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// What an admin sees of the real process: its parts, and what happens, through a restart.
@Suite struct DoctorDaemonTests {
    private static func world() -> SimulatorWorld {
        SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 2, activitiesEach: 4, points: 30...50)
    }

    @Test func `doctor reaches each part of the running service, and tells which one does not work`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let daemon = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let well = try await rig.control("doctor")
            for part in [
                "database", "disk", "keyring", "own data", "clock", "strava", "quota", "webhook", "silver", "syncing", "athletes", "backup",
            ] {
                #expect(well.output.contains("  \(part): "), "\(part): \(well.output)")
            }
            for part in [
                "database: answers in", "keyring: opens", "clock: agrees", "strava: reached", "quota: used", "athletes: 2 connected",
            ] {
                #expect(well.output.contains("ok    \(part)"), "\(part): \(well.output)")
            }
            await rig.simulator.stop()
            let ill = try await rig.control("doctor")
            #expect(ill.code == 1 && ill.output.contains("FAIL  strava: can't be reached"), "\(ill.output)")
            #expect(!ill.output.contains("token=") && !ill.output.contains("secret="))
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    @Test func `events --follow goes on after a restart without loss and without repetition`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let first = try await rig.start()
            let follower = try DaemonProcess("fitnessctl", ["events", "--follow", "--json"], environment: rig.environment)
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("the import is shown") { follower.output.contains("import_athletes") }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == 0)
            let second = try await rig.start()
            #expect(try await rig.control("pause", "101", "--reason", "later").code == 0)
            try await eventually("the pause is shown") { follower.output.contains("pause_athlete") }
            try await eventually("all turns are shown") {
                let count = try await rig.database.query("SELECT count(*) FROM sync.run")[0].decode(Int.self)
                return follower.output.split(separator: "\n").count { $0.contains(#""kind":"run""#) } >= count
            }
            let ids = follower.output.matches(of: #/"id":"([0-9-]+)"/#).map { String($0.1) }
            #expect(Set(ids).count == ids.count, "nothing comes twice")
            follower.signal(SIGTERM)
            _ = try await follower.waitForEnd()
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd() == 0)
        }
    }
}
