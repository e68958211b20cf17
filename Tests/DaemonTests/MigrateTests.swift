import Database
import Foundation
import Simulator
import TestKit
import Testing

/// `fitnessd migrate`, and how it divides the large tables.
@Suite struct MigrateTests {
    /// - Parameter url: nil: the private cluster.
    private func migrate(_ arguments: [String], url: String? = nil, folder: URL) async throws -> (code: Int32, output: String) {
        var environment = ["FITNESSD_STATE_DIR": folder.path, "FITNESSD_LOG_LEVEL": "warning"]
        environment["FITNESSD_DATABASE_URL"] = url
        return try await DaemonProcess.run("fitnessd", ["migrate"] + arguments, environment: environment)
    }

    @Test(arguments: ["0", "1", "1025", "-3", "many"])
    func `a number of partitions that can't be is wrong usage`(count: String) async throws {
        let result = try await migrate(["--partitions=\(count)"], folder: URL(filePath: "/nonexistent"))
        #expect(result.code == 2)
        #expect(result.output.contains("--partitions"), "\(result.output)")
        if Int(count) != nil { #expect(result.output.contains("must be a whole number from 2 to 1024"), "\(result.output)") }
    }

    @Test func `tables are divided, stay so, and are divided anew`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL(isMigrated: false) { url in
                let first = try await migrate(["--partitions", "3"], url: url, folder: folder)
                #expect(first.code == 0)
                #expect(first.output.contains("applied 0001_create_schemas"), "\(first.output)")
                #expect(first.output.contains("divided silver.activity into 3 partitions"), "\(first.output)")
                for arguments in [["--partitions", "3"], []] {
                    let again = try await migrate(arguments, url: url, folder: folder)
                    #expect(again.code == 0 && again.output == "nothing to do: the database is up to date\n", "\(again.output)")
                }
                let other = try await migrate(["--partitions", "2"], url: url, folder: folder)
                #expect(other.code == 0 && other.output.contains("divided silver.activity into 2 partitions"), "\(other.output)")
                #expect(!other.output.contains("nothing to do"))
            }
        }
    }

    @Test func `what stands in the way is one sentence`() async throws {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL { url in
                let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
                try await database.query("CREATE MATERIALIZED VIEW public.kept AS SELECT * FROM silver.lap")
                await database.close()
                let result = try await migrate(["--partitions", "2"], url: url, folder: folder)
                #expect(result.code == 1)
                #expect(result.output.contains("materialized view public.kept depends on silver.lap"), "\(result.output)")
                #expect(result.output.split(separator: "\n").count == 1)
            }
        }
    }

    /// In a cluster of its own: a server that is out of locks is so for everybody.
    @Test func `more partitions than the server has locks for are refused with what to do`() async throws {
        try await withTemporaryFolder { folder in
            let result = try await migrate(["--partitions", "1024"], folder: folder)
            #expect(result.code == 1)
            #expect(result.output.contains("choose fewer partitions, or set max_locks_per_transaction to 2227"), "\(result.output)")
            let plain = try await migrate([], folder: folder)
            #expect(plain.code == 0 && plain.output.contains("nothing to do"), "the migrations before it stay: \(plain.output)")
        }
    }

    @Test func `the daemon works on divided tables as on plain ones`() async throws {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        let world = SimulatorWorld(seed: 17, epoch: epoch, athleteCount: 3, activitiesEach: 12, points: 40...60)
        try await DaemonRig.with(world) { rig in
            let divided = try await DaemonProcess.run("fitnessd", ["migrate", "--partitions", "4"], environment: rig.environment)
            #expect(divided.code == 0, "\(divided.output)")
            let daemon = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver", within: .seconds(60)) { try await rig.isComplete() }
            #expect(try await rig.differences() == [])
            let athlete = "\(world.athleteIDs[0])"
            let exported = try await rig.control("export", "--athlete", athlete, "--table", "activity")
            #expect(exported.code == 0 && exported.output.split(separator: "\n").count == 13, "a header and 12 activities")
            #expect(try await rig.control("rebuild", "--athlete", athlete, "--wait").code == 0)
            #expect(try await rig.differences() == [])
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd(within: .seconds(15)) == 0)
        }
    }
}
