import Database
import Foundation
import TestKit
import Testing

@testable import Migrations

@Suite struct MigratorTests {
    /// Makes an empty database, and a share directory with these migrations.
    private func withFiles(_ files: [String: String], _ body: (Database, URL) async throws -> Void) async throws {
        try await withTemporaryFolder { share in
            let folder = share.appending(path: "db/migrations")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            try await withTestDatabaseURL(isMigrated: false) { url in
                let database = Database(url: url, connectionsMax: 4)
                let result: Result<Void, any Error>
                do { result = .success(try await body(database, share)) } catch { result = .failure(error) }
                await database.close()
                try result.get()
            }
        }
    }

    private func write(_ text: String, _ name: String, in share: URL) throws {
        try Data(text.utf8).write(to: share.appending(path: "db/migrations/\(name)"))
    }

    private func exists(_ table: String, in database: Database) async throws -> Bool {
        let rows = try await database.query("SELECT 1 WHERE to_regclass(\(table)) IS NOT NULL")
        return !rows.isEmpty
    }

    private let two = ["0001_create_a.sql": "CREATE TABLE a (n int); INSERT INTO a VALUES (1);", "0002_create_b.sql": "CREATE TABLE b ();"]

    @Test func `files are applied once, in the order of their numbers`() async throws {
        try await withFiles(two.merging(["README.md": "not a migration"]) { first, _ in first }) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            let pending = try await migrator.pending()
            #expect(pending == ["0001_create_a", "0002_create_b"])
            #expect(try await !exists("public.fitnessd_migration", in: database))
            #expect(try await migrator.migrate() == ["0001_create_a", "0002_create_b"])
            #expect(try await migrator.migrate() == [])
            #expect(try await migrator.pending() == [])
            #expect(try await database.query("SELECT n FROM a").count == 1)
        }
    }

    @Test func `a file that fails leaves nothing of itself and all before it`() async throws {
        let broken = two.merging(["0003_break_things.sql": "CREATE TABLE c (); SELECT nothing FROM nowhere;"]) { first, _ in first }
        try await withFiles(broken) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            let error = await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
            #expect(error?.code == .migration)
            #expect(error?.message.hasPrefix("0003_break_things failed:") == true)
            #expect(try await migrator.pending() == ["0003_break_things"])
            #expect(try await !exists("c", in: database))
            try write("CREATE TABLE c ();", "0003_break_things.sql", in: share)
            #expect(try await migrator.migrate() == ["0003_break_things"])
        }
    }

    @Test func `the script after each migration runs in its transaction`() async throws {
        try await withFiles(two) { database, share in
            let rule = "DO $$ BEGIN IF to_regclass('b') IS NOT NULL THEN RAISE 'no b here'; END IF; CREATE TABLE seen_to (); END $$;"
            try Data(rule.utf8).write(to: share.appending(path: "db/after_migration.sql"))
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            let error = await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
            #expect(error?.message == "0002_create_b failed: no b here")
            #expect(try await exists("seen_to", in: database))
            #expect(try await !exists("b", in: database))
            #expect(try await migrator.pending() == ["0002_create_b"])
        }
    }

    @Test func `a file changed after it was applied stops all migrations`() async throws {
        try await withFiles(two) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            _ = try await migrator.migrate()
            try write("CREATE TABLE a (n bigint);", "0001_create_a.sql", in: share)
            try write("CREATE TABLE c ();", "0003_create_c.sql", in: share)
            let error = await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
            #expect(error?.message.hasPrefix("0001_create_a was changed after it was applied") == true)
            #expect(try await !exists("c", in: database))
        }
    }

    @Test func `a database that is newer than the program is left alone`() async throws {
        try await withFiles(two) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            _ = try await migrator.migrate()
            try FileManager.default.removeItem(at: share.appending(path: "db/migrations/0002_create_b.sql"))
            let error = await #expect(throws: DatabaseError.self) { try await migrator.pending() }
            #expect(error?.message.contains("0002_create_b, which this program does not know") == true)
        }
    }

    @Test func `a database with the migrations from before the first release is refused whole`() async throws {
        let former = (1...5).map { number in ("000\(number)_create_\(number).sql", "CREATE TABLE t\(number) ();") }
        try await withFiles(Dictionary(uniqueKeysWithValues: former)) { database, share in
            _ = try await Migrator(directory: share, database: database, logger: quietLogger).migrate()
            let current = Migrator(directory: checkout, database: database, logger: quietLogger)
            let error = await #expect(throws: DatabaseError.self) { try await current.migrate() }
            let names = "0001_create_1, 0002_create_2, 0003_create_3 and 2 more, which this program does not know"
            #expect(error?.code == .migration && error?.message.hasPrefix("this database has \(names): run the newer fitnessd") == true)
            #expect(error?.message.hasSuffix("if they are from before the first release, use a new database") == true)
            #expect(try await !exists("sync.athlete", in: database))
            let check = try MigrationCheck(directory: checkout)
            let health = await #expect(throws: DatabaseError.self) { try await check.missing(in: database) }
            #expect(health?.message == error?.message)
        }
    }

    @Test func `a database that is not in UTF-8 is refused before anything is made`() async throws {
        let name = "ascii_\(UInt32.random(in: .min ... .max))"
        try await withTestDatabaseURL(isMigrated: false) { url in
            let control = Database(url: url, connectionsMax: 1, logger: quietLogger)
            try await control.query("CREATE DATABASE \(raw: name) TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
            let path = databaseURL(name, besides: url)
            let database = Database(url: path, connectionsMax: 1, logger: quietLogger)
            let migrator = Migrator(directory: checkout, database: database, logger: quietLogger)
            for operation in [migrator.migrate, migrator.pending] {
                let error = await #expect(throws: DatabaseError.self) { _ = try await operation() }
                #expect(error?.message.hasPrefix("the database's encoding is SQL_ASCII, and fitnessd needs UTF8") == true)
            }
            #expect(try await !exists("public.fitnessd_migration", in: database))
            await database.close()
            try await control.query("DROP DATABASE \(raw: name) WITH (FORCE)")
            await control.close()
        }
    }

    @Test func `a file with a lower number than an applied one is refused`() async throws {
        try await withFiles(["0001_create_a.sql": "SELECT 1", "0003_create_c.sql": "SELECT 1"]) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            _ = try await migrator.migrate()
            try write("SELECT 1", "0002_create_b.sql", in: share)
            let error = await #expect(throws: DatabaseError.self) { try await migrator.migrate() }
            #expect(error?.message.hasPrefix("0002_create_b comes before number 3") == true)
        }
    }

    @Test(arguments: [["1_create_a.sql"], ["create_a.sql"], ["0001.sql"], ["0001_.sql"], ["0001_create_a.sql", "0001_create_b.sql"]])
    func `names that don't match the pattern and duplicate numbers are refused`(names: [String]) async throws {
        try await withTemporaryFolder { share in
            let folder = share.appending(path: "db/migrations")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in names { try Data("SELECT 1".utf8).write(to: folder.appending(path: name)) }
            let error = #expect(throws: DatabaseError.self) { try MigrationFile.all(in: share) }
            #expect(error?.code == .migration)
        }
    }

    @Test func `two daemons that migrate at once apply each file once`() async throws {
        let slow = ["0001_create_a.sql": "CREATE TABLE a (); SELECT pg_sleep(0.2);", "0002_create_b.sql": "CREATE TABLE b ();"]
        try await withFiles(slow) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            async let first = migrator.migrate()
            async let second = migrator.migrate()
            let applied = try await first + second
            #expect(applied.sorted() == ["0001_create_a", "0002_create_b"])
        }
    }

    /// A reader may read the history, and so lock it weakly, and any login may take advisory locks.
    @Test func `a reader can't block a migration`() async throws {
        try await withFiles(two) { database, share in
            let migrator = Migrator(directory: share, database: database, logger: quietLogger)
            _ = try await migrator.migrate()
            try write("CREATE TABLE c ();", "0003_create_c.sql", in: share)
            let role = "reader_\(UInt32.random(in: .min ... .max))"
            try await database.query("CREATE ROLE \(raw: role)")
            try await database.query("GRANT SELECT ON public.fitnessd_migration TO \(raw: role)")
            let applied = try await database.transaction { reader in
                try await reader.execute(
                    "SET LOCAL ROLE \(role); SELECT * FROM public.fitnessd_migration; SELECT pg_advisory_xact_lock(28830321119491955); SAVEPOINT here"
                )
                let error = await #expect(throws: DatabaseError.self) {
                    try await reader.execute("LOCK TABLE public.fitnessd_migration IN SHARE MODE")
                }
                try await reader.execute("ROLLBACK TO SAVEPOINT here")
                #expect(error?.sqlState == "42501")
                return try await migrator.migrate()
            }
            #expect(applied == ["0003_create_c"])
            try await database.query("REVOKE ALL ON public.fitnessd_migration FROM \(raw: role)")
            try await database.query("DROP ROLE \(raw: role)")
        }
    }

    @Test func `a migration that waits logs which session it waits for`() async throws {
        try await withFiles(two) { database, share in
            _ = try await Migrator(directory: share, database: database, logger: quietLogger).migrate()
            try write("ALTER TABLE a ADD COLUMN m int;", "0003_widen_a.sql", in: share)
            let log = LogCapture()
            let migrator = Migrator(directory: share, database: database, logger: log.logger)
            let migration: Task<[String], any Error> = try await database.transaction { holder in
                try await holder.execute("SET LOCAL application_name = 'long report'; SELECT * FROM a")
                let migration = Task { try await migrator.migrate() }
                try await eventually("the wait is told") { log.text.contains("migration waits for a lock that others hold") }
                return migration
            }
            #expect(try await migration.value == ["0003_widen_a"])
            #expect(log.text.contains("(long report)"), "\(log.text)")
        }
    }

    @Test func `the migrations of this program make its schemas`() async throws {
        try await withTestDatabase { database in
            let schemas = try await database.query("SELECT nspname::text FROM pg_namespace ORDER BY 1").map { try $0.decode(String.self) }
            #expect(Set(schemas).isSuperset(of: ["sync", "vault", "bronze_strava", "silver", "metrics"]))
            #expect(try await Migrator(directory: checkout, database: database).pending() == [])
        }
    }
}
