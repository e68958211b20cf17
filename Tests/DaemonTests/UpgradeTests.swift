import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// A newer version beside a running one, on the same database. The newer one is the same program with one more migration.
@Suite struct UpgradeTests {
    private static let world = SimulatorWorld(seed: 31, epoch: epoch, athleteCount: 6, activitiesEach: 40, points: 20...40)

    private func withRig(_ body: (DaemonRig) async throws -> Void) async throws {
        try await DaemonRig.with(Self.world) { rig in
            // Slow enough that the first sync outlasts the change.
            rig.simulator.faults.append(.init(match: .path("/api/v3"), times: .forever, response: .delay(.milliseconds(40))))
            try await body(rig)
        }
    }

    /// No answer is lost, and none was fetched twice.
    private func expectOnce(_ rig: DaemonRig) async throws {
        try await eventually("all is in silver", within: .seconds(120)) { try await rig.isComplete() }
        #expect(try await rig.differences() == [])
        let fetched = rig.simulator.requests.filter { $0.endpoint == "streams" && $0.status == 200 }.compactMap(\.activity)
        let twice = Dictionary(grouping: fetched, by: \.self).filter { $0.value.count > 1 }
        #expect(twice.isEmpty, "\(twice.count) of \(fetched.count) were fetched twice")
    }

    @Test func `with a compatible migration both versions work side by side, and the older says so`() async throws {
        try await withRig { rig in
            let old = try await rig.start(["FITNESSD_LOG_LEVEL": "info"])
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            await rig.simulator.waitForRequests(20) { $0.endpoint == "streams" }
            let newer = try rig.newer("-- One more table.\n-- compatible: nothing reads it before\nCREATE TABLE sync.extra (n int);\n")
            let new = try await newer.start()
            try await eventually("the older one tells") {
                try await rig.control("status").output.contains(
                    "A newer fitnessd has upgraded the database (0100_add_extra). This version works on")
            }
            try await expectOnce(rig)
            #expect(try await newer.control("status").output.contains("A newer fitnessd") == false)
            // It starts again, too: an upgrade can be taken back.
            try await rig.end(old, code: 0)
            let again = try await rig.start()
            try await rig.end(again, code: 0)
            try await rig.end(new, code: 0)
        }
    }

    @Test func `before a breaking migration the older version ends its work and stops, and is refused from then on`() async throws {
        try await withRig { rig in
            let port = try LoopbackSocket.freePort()
            let old = try await rig.start(["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"])
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            await rig.simulator.waitForRequests(20) { $0.endpoint == "streams" }
            let newer = try rig.newer("-- Another table.\n-- breaking: for the sake of it\nCREATE TABLE sync.extra (n int);\n")
            let new = try await newer.start()
            #expect(try await old.waitForEnd() == 3, "\(old.output.suffix(1_000))")
            #expect(old.output.contains("A newer fitnessd upgrades the database (0100_add_extra), and this version does not go with that"))
            try await expectOnce(rig)
            let refused = try await DaemonProcess.run("fitnessd", ["run"], environment: rig.environment)
            #expect(
                refused.code == 1 && refused.output.contains("0100_add_extra, which this program does not know: run the newer fitnessd"))
            try await rig.end(new, code: 0)
        }
    }

    @Test func `a breaking migration waits for a daemon that does not stop, and says which`() async throws {
        try await withRig { rig in
            let old = try await rig.start()
            old.signal(SIGSTOP)
            let newer = try rig.newer("-- Another table.\nCREATE TABLE sync.extra (n int);\n")
            let new = try DaemonProcess("fitnessd", ["run"], environment: newer.environment)
            try await eventually("it waits") { new.output.contains("migration waits for older daemons to stop") }
            #expect(try await rig.database.query("SELECT WHERE to_regclass('sync.extra') IS NULL").count == 1)
            // Not seen for 45 seconds, it counts as gone; when it comes back, it stops.
            try await rig.database.query("UPDATE vault.instance SET seen_at = now() - interval '1 minute'")
            try await eventually("the new one runs") { try await newer.control("status").code == 0 }
            old.signal(SIGCONT)
            #expect(try await old.waitForEnd() == 3, "\(old.output.suffix(1_000))")
            try await rig.end(new, code: 0)
        }
    }
}

extension DaemonRig {
    /// A second daemon on the same database, with one more migration.
    fileprivate func newer(_ migration: String) throws -> DaemonRig {
        let share = folder.appending(path: "newer")
        try FileManager.default.createDirectory(at: share, withIntermediateDirectories: false)
        for part in ["db", "sql", "web"] {
            try FileManager.default.copyItem(at: checkout.appending(path: part), to: share.appending(path: part))
        }
        try Data(migration.utf8).write(to: share.appending(path: "db/migrations/0100_add_extra.sql"))
        var other = self
        other.environment["FITNESSD_SHARE_DIR"] = share.path
        other.environment["FITNESSD_STATE_DIR"] = folder.appending(path: "second").path
        other.environment["FITNESSD_CONTROL_SOCKET"] = folder.appending(path: "second.sock").path
        return other
    }

    fileprivate func end(_ process: DaemonProcess, code: Int32) async throws {
        process.signal(SIGTERM)
        #expect(try await process.waitForEnd() == code)
    }
}
