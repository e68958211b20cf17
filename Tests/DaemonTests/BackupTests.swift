import ControlAPI
import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 7_200).rounded())

/// Backups of the private PostgreSQL and their restore, with the real programs.
@Suite struct BackupTests {
    private static let world = SimulatorWorld(seed: 21, epoch: epoch, athleteCount: 2, activitiesEach: 6, points: 20...40)

    /// A rig whose daemon has a private cluster in a state directory of its own.
    private func withRig(_ body: (DaemonRig) async throws -> Void) async throws {
        try await DaemonRig.with(Self.world) { rig in
            var rig = rig
            rig.environment["FITNESSD_DATABASE_URL"] = nil
            rig.environment["FITNESSD_VAULT_KEY"] = nil
            rig.environment["FITNESSD_STATE_DIR"] = rig.folder.appending(path: "state").path
            // PostgreSQL's account must pass through.
            try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: rig.folder.path)
            try await body(rig)
        }
    }

    @Test func `a backup is restored into a new state directory, and what came later is fetched again`() async throws {
        try await withRig { rig in
            let (kept, erased) = (rig.world.athleteIDs[0], rig.world.athleteIDs[1])
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver", within: .seconds(120)) { try await rig.silverCount() == 12 }
            let made = try await rig.control("backup", rig.folder.path + "/", "--json")
            let manifest = try ControlJSON.decode(BackupMessage.self, from: Array(made.output.utf8))
            #expect(
                made.code == 0 && manifest.schema == "0093_create_readme" && manifest.keyIDs?.count == 1 && manifest.sha256?.count == 64)
            let file = try #require(try rig.backups().first)
            try expectPrivate(file, bytes: manifest.bytes)
            #expect(try await rig.control("backup", "--list").output.contains("fitnessctl"))
            // After the backup: a new activity, and an erasure.
            _ = rig.world.addActivity(to: kept, NewActivity(startAt: epoch.addingTimeInterval(600)))
            #expect(try await rig.control("sync", String(kept.rawValue), "--wait").code == 0)
            try await eventually("the new one is in silver") { try await rig.silverCount() == 13 }
            #expect(try await rig.control("athletes", "erase", String(erased.rawValue), "--yes").code == 0)
            try await rig.stop(first)
            try await restore(file, rig)
            try await expectQuietThenCurrent(rig, kept)
        }
    }

    /// Loses the state directory but for keyring and receipts, which were copied elsewhere, and restores.
    private func restore(_ file: String, _ rig: DaemonRig) async throws {
        let (state, lost) = (rig.folder.appending(path: "state"), rig.folder.appending(path: "lost"))
        try FileManager.default.moveItem(at: state, to: lost)
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        for name in ["vault.keyring", "erasures.jsonl"] {
            try FileManager.default.copyItem(at: lost.appending(path: name), to: state.appending(path: name))
        }
        let restored = try await DaemonProcess.run("fitnessd", ["restore", file], environment: rig.environment)
        #expect(restored.code == 0 && restored.output.contains("ok    keyring: it opens the restored tokens"), "\(restored.output)")
        let again = try await DaemonProcess.run("fitnessd", ["restore", file], environment: rig.environment)
        #expect(again.code == 1 && again.output.contains("holds a database already, and a restore replaces none"), "\(again.output)")
        rig.simulator.clearRequests()
    }

    /// The quarter hour of the restore passes without a call; a test can't wait for that, so it opens the quota by hand.
    private func expectQuietThenCurrent(_ rig: DaemonRig, _ kept: AthleteID) async throws {
        try await eventually("the quarter hour has a minute left", within: .seconds(90)) {
            900 - Date().timeIntervalSince1970.truncatingRemainder(dividingBy: 900) > 60
        }
        let quiet = try await rig.start()
        try await eventually("the erasure is repeated") { try await rig.silverCount() == 6 }
        #expect(try await rig.control("status").output.contains("The database was restored from a backup or moved: no call is made before"))
        #expect(try await rig.control("sync", String(kept.rawValue)).code == 0)
        try await eventually("calls wait") { try await rig.control("limits", "--json").output.contains(#""reason":"restored""#) }
        #expect(rig.simulator.requests.filter { $0.path.hasPrefix("/api/v3") }.isEmpty)
        try await rig.openQuarter()
        try await rig.stop(quiet)
        let last = try await rig.start()
        try await eventually("what came after the backup is fetched", within: .seconds(120)) { try await rig.silverCount() == 7 }
        #expect(rig.simulator.requests.count { $0.endpoint == "streams" && $0.status == 200 } == 1, "the others are not fetched again")
        try await eventually("the restore is over") { try await !rig.control("status").output.contains("The database was restored") }
        try await rig.stop(last)
    }

    private func expectPrivate(_ file: String, bytes: Int64?) throws {
        for path in [file, file + ".json"] {
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600, "\(path)")
            if path == file { #expect(Int64(status.st_size) == bytes) }
        }
    }

    @Test func `old backups are removed, others and foreign files stay, and nothing is replaced`() async throws {
        try await withRig { rig in
            let daemon = try await rig.start()
            let folder = rig.folder.appending(path: "backups")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            let old = ["fitnessd-20200101T000000Z.dump", "fitnessd-20200101T000000Z.dump.json", "fitnessd-20210101T000000Z.dump"]
            for name in old + ["notes.dump", "fitnessd-.dump"] { try Data("x".utf8).write(to: folder.appending(path: name)) }
            let made = try await rig.control("backup", folder.path, "--keep", "2")
            #expect(made.code == 0 && made.output.contains("Not in it: the keyring"), "\(made.output)")
            let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
            #expect(names.count == 5 && names.isDisjoint(with: old.prefix(2)) && names.contains(old[2]) && names.contains("notes.dump"))
            let taken = try await rig.control("backup", folder.appending(path: "notes.dump").path)
            #expect(taken.code == 1 && taken.output.contains("exists, and a backup replaces nothing"))
            try await rig.stop(daemon)
        }
    }

    @Test func `a dump that fails leaves no file and is not noted`() async throws {
        try await withRig { rig in
            let daemon = try await rig.start()
            let file = rig.folder.appending(path: "some.dump").path
            let made = try await rig.withPrivateDatabase { database in
                try await database.transaction { connection in
                    try await connection.execute("LOCK TABLE sync.retention_run")
                    async let made = rig.control("backup", file)
                    try await eventually("pg_dump waits for the table") { try await rig.endsDump() }
                    return try await made
                }
            }
            #expect(made.code == 1 && made.output.contains("pg_dump failed"), "\(made.output)")
            #expect(!FileManager.default.fileExists(atPath: file) && !FileManager.default.fileExists(atPath: file + ".part"))
            #expect(try await rig.control("backup", "--list").output == "no backup is noted\n")
            try await rig.stop(daemon)
        }
    }

    @Test func `a damaged backup, a newer one and one without a manifest are refused before anything is made`() async throws {
        try await withRig { rig in
            let daemon = try await rig.start()
            let file = rig.folder.appending(path: "some.dump").path
            #expect(try await rig.control("backup", file).code == 0)
            let served = try await DaemonProcess.run("fitnessd", ["restore", file], environment: rig.environment)
            #expect(served.code == 1 && served.output.contains("fitnessd is running on this state directory"))
            try await rig.stop(daemon)
            var other = rig
            other.environment["FITNESSD_STATE_DIR"] = rig.folder.appending(path: "other").path
            func refusal(_ change: (inout String, inout Data) throws -> Void) async throws -> String {
                var manifest = try String(contentsOfFile: file + ".json", encoding: .utf8)
                var data = try Data(contentsOf: URL(filePath: file))
                try change(&manifest, &data)
                let copy = rig.folder.appending(path: "copy-\(UInt32.random(in: .min ... .max)).dump")
                try data.write(to: copy)
                try Data(manifest.utf8).write(to: URL(filePath: copy.path + ".json"))
                let ending = try await DaemonProcess.run("fitnessd", ["restore", copy.path], environment: other.environment)
                #expect(ending.code == 1, "\(ending.output)")
                return ending.output
            }
            #expect(try await refusal { _, data in data[data.count / 2] ^= 1 }.contains("the SHA-256"))
            #expect(try await refusal { _, data in data.removeLast() }.contains("it is damaged, use another backup"))
            #expect(try await refusal { manifest, _ in manifest = "{}" }.contains("is no manifest of a backup"))
            #expect(
                try await refusal { manifest, _ in manifest.replace("0093_create_readme", with: "0100_make_news") }.contains(
                    "0100_make_news"))
            #expect(try await refusal { _, data in data = Data("not a dump".utf8) }.contains("is no dump in pg_dump's custom format"))
            try FileManager.default.removeItem(atPath: file + ".json")
            let alone = try await DaemonProcess.run("fitnessd", ["restore", file], environment: other.environment)
            #expect(alone.code == 1 && alone.output.contains("add --without-manifest"))
            #expect(!FileManager.default.fileExists(atPath: other.environment["FITNESSD_STATE_DIR"]! + "/postgres"))
        }
    }

    @Test func `a server of one's own is backed up by its own means, which can be noted`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let daemon = try await rig.start()
            let refused = try await rig.control("backup", rig.folder.appending(path: "some.dump").path)
            #expect(refused.code == 1 && refused.output.contains("pg_dump --format=custom"), "\(refused.output)")
            #expect(try await rig.control("backup", "--record", "pgbackrest full").code == 0)
            #expect(try await rig.control("backup", "--list").output.contains("pgbackrest full"))
            #expect(try await rig.control("backup", "--record", "a\u{1B}b").code == 1)
            #expect(try await rig.database.query("SELECT FROM sync.backup").count == 1)
            let restored = try await DaemonProcess.run("fitnessd", ["restore", "some.dump"], environment: rig.environment)
            #expect(restored.code == 1 && restored.output.contains("pg_restore --single-transaction"))
            try await rig.stop(daemon)
        }
    }
}

extension DaemonRig {
    fileprivate var world: SimulatorWorld { simulator.world }

    fileprivate func stop(_ process: DaemonProcess) async throws {
        process.signal(SIGTERM)
        #expect(try await process.waitForEnd(within: .seconds(60)) == 0, "\(process.output.suffix(500))")
    }

    /// The backups in the rig's folder.
    fileprivate func backups() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".dump") }.map {
            folder.appending(path: $0).path
        }
    }

    fileprivate func withPrivateDatabase<Answer>(_ body: (Database) async throws -> Answer) async throws -> Answer {
        let socket = PercentCoding.encode(folder.appending(path: "state/postgres/socket").path)
        let database = Database(url: "postgresql://fitness_owner@\(socket):5432/fitness", connectionsMax: 1, logger: quietLogger)
        let result: Result<Answer, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    /// As if the next quarter hour had begun: no window is closed any more, whatever a daemon reports.
    fileprivate func openQuarter() async throws {
        try await withPrivateDatabase { database in
            try await database.withConnection {
                try await $0.execute(
                    """
                    CREATE FUNCTION open_quarter() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN NEW.exhausted := false; RETURN NEW; END $$;
                    CREATE TRIGGER open_quarter BEFORE INSERT OR UPDATE ON sync.quota_window FOR EACH ROW EXECUTE FUNCTION open_quarter();
                    UPDATE sync.quota_window SET exhausted = false
                    """)
            }
        }
    }

    /// Ends the session of a `pg_dump` that waits for a lock; false: there is none yet.
    fileprivate func endsDump() async throws -> Bool {
        try await withPrivateDatabase { database in
            try await !database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock'"
            ).isEmpty
        }
    }

    /// Activities in silver of the private cluster.
    fileprivate func silverCount() async throws -> Int {
        try await withPrivateDatabase { try await $0.query("SELECT count(*) FROM silver.activity")[0].decode(Int.self) }
    }
}
