import Core
import Database
import Foundation
import Logging
import Synchronization

/// Brings a database to the program's schema: applies the files of `db/migrations` in order, each in a transaction of its own together with
/// its row in `public.fitnessd_migration`. `db/after_migration.sql` runs at the end of each of these transactions.
///
/// The table is not in schema `sync`, since the first migration makes the schemas. Several daemons may migrate at once: each step locks the
/// table and reads it again. A table lock, because any login may take an advisory lock, but this one only a login that may write the table.
public struct Migrator: Sendable {
    private let directory: URL
    private let database: Database
    private let others: OthersAtWork?
    private let handOverMax: Duration
    private let logger: Logger

    /// The daemons at work on a database, as names for people.
    public typealias OthersAtWork = @Sendable (Database) async throws -> [String]

    /// - Parameters:
    ///   - directory: the share directory, which holds `db/migrations`.
    ///   - others: for a migration that is not compatible with the version before: daemons of that version, which must end before it. Nil: nobody
    ///     is waited for.
    ///   - handOverMax: the longest wait for them.
    public init(
        directory: URL, database: Database, others: OthersAtWork? = nil, handOverMax: Duration = .seconds(120),
        logger: Logger = Logger(label: "migrator")
    ) {
        self.directory = directory
        self.database = database
        self.others = others
        self.handOverMax = handOverMax
        self.logger = logger
    }

    /// Applies the missing migrations.
    ///
    /// - Returns: the names of those applied, in order; empty when the database was up to date.
    /// - Throws: `DatabaseError(.migration)` when a file was changed, is unknown, comes late or fails, or the database's encoding is not
    ///   UTF-8. Migrations applied before the one that failed stay.
    public func migrate() async throws -> [String] {
        let files = try MigrationFile.all(in: directory)
        // Before any lock: a login that may not migrate must be able to see that nothing is missing.
        if try await pending(of: files).isEmpty { return [] }
        try await makeHistory()
        let isAnnounced = try await waitForOthers(files)
        var names: [String] = []
        while let name = try await applyNext(of: files) { names.append(name) }
        if isAnnounced { try await database.query(Self.withdrawal) }
        return names
    }

    // MARK: Hand-over

    private static let handOverInterval = Duration.seconds(1)

    /// Before a migration that is not compatible with the version before: announces it, so that daemons of that version end their work and stop,
    /// and waits until none is left.
    ///
    /// - Returns: whether it was announced.
    private func waitForOthers(_ files: [MigrationFile]) async throws -> Bool {
        guard let others, let name = try await breaking(files) else { return false }
        let deadline = ContinuousClock.now + handOverMax
        var reported: [String] = []
        // Another new daemon may have applied it meanwhile.
        while try await breaking(files) != nil {
            try await announce(name)
            let names = try await others(database)
            if names.isEmpty { return true }
            if names != reported {
                logger.log(.notice, "migration waits for older daemons to stop", [.file: name, .reason: names.joined(separator: ", ")])
            }
            reported = names
            guard ContinuousClock.now < deadline else {
                try await database.query(Self.withdrawal)
                throw DatabaseError(
                    .migration,
                    "\(name) does not go with the version before, and daemons are still at work on this database (\(names.joined(separator: ", "))): "
                        + "stop them, then start this one again")
            }
            try await Task.sleep(for: Self.handOverInterval)
        }
        return true
    }

    /// The first migration that is to be applied to a database in use and is not compatible; nil: there is none.
    private func breaking(_ files: [MigrationFile]) async throws -> String? {
        let pending = try await pending(of: files)
        return pending.count == files.count ? nil : pending.first { !$0.isCompatible }?.name
    }

    private func announce(_ name: String) async throws {
        do {
            try await database.query(
                """
                INSERT INTO public.fitnessd_upgrade (name, announced_at) VALUES (\(name), now())
                ON CONFLICT (is_only) DO UPDATE SET name = excluded.name, announced_at = excluded.announced_at
                """)
        } catch let error as DatabaseError where error.sqlState == Self.insufficientPrivilege {
            throw mayNotMigrate(error)
        }
    }

    private static let withdrawal: SQL = "DELETE FROM public.fitnessd_upgrade"

    /// The names of the migrations that `migrate()` would apply. Writes nothing.
    public func pending() async throws -> [String] {
        try await pending(of: MigrationFile.all(in: directory)).map(\.name)
    }

    private func pending(of files: [MigrationFile]) async throws -> [MigrationFile] {
        try await database.withConnection { connection in
            try await requireUTF8(on: connection)
            return try await plan(files, on: connection).pending()
        }
    }

    private func applyNext(of files: [MigrationFile]) async throws -> String? {
        try await LockWaitReport(database: database, logger: logger).reporting { session in
            try await step(files, session)
        }
    }

    private func step(_ files: [MigrationFile], _ session: LockWaitReport.Session) async throws -> String? {
        try await database.transaction { connection in
            try await session.begin(on: connection)
            try await lock(connection)
            guard let next = try await plan(files, on: connection).pending().first else { return nil }
            try await apply(next, then: MigrationFile.afterEach(in: directory), on: connection)
            logger.log(.info, "migration applied", [.file: next.name])
            return next.name
        }
    }

    /// Another daemon may make the table at the same moment: the later one then violates a unique index of the catalogue.
    private func makeHistory() async throws {
        do {
            try await database.withConnection { connection in
                if try await !historyExists(on: connection) { try await connection.execute(Self.history) }
            }
        } catch let error as DatabaseError where ["23505", "42P07", "42710"].contains(error.sqlState) {
            return
        } catch let error as DatabaseError where error.sqlState == Self.insufficientPrivilege {
            throw mayNotMigrate(error)
        }
    }

    /// Needs a privilege to write the table (PostgreSQL documentation, LOCK), so no reader can hold this lock.
    private func lock(_ connection: Connection) async throws {
        do {
            try await connection.execute("LOCK TABLE public.fitnessd_migration IN SHARE ROW EXCLUSIVE MODE")
        } catch let error as DatabaseError where error.sqlState == Self.insufficientPrivilege {
            throw mayNotMigrate(error)
        }
    }

    private static let insufficientPrivilege = "42501"

    private func mayNotMigrate(_ error: DatabaseError) -> DatabaseError {
        DatabaseError(
            .migration,
            "migrations are missing, and this login may not apply them (\(error.message)): run `fitnessd migrate` as the owner of the tables",
            sqlState: error.sqlState)
    }

    private func apply(_ file: MigrationFile, then closing: String, on connection: Connection) async throws {
        do {
            // One by one: an extension that rewrites statements, such as Citus, refuses several in one message.
            for statement in SQLScript.statements(of: file.text) + SQLScript.statements(of: closing) {
                try await connection.execute(statement)
            }
            _ = try await connection.query(
                """
                INSERT INTO public.fitnessd_migration (number, name, sha256, is_compatible)
                VALUES (\(Int32(file.number)), \(file.name), encode(sha256(\(Array(file.text.utf8))), 'hex'), \(file.isCompatible))
                """)
        } catch let error as DatabaseError where error.code != .unreachable && error.code != .cancelled {
            throw DatabaseError(.migration, "\(file.name) failed: \(error.message)", sqlState: error.sqlState)
        }
    }

    private func plan(_ files: [MigrationFile], on connection: Connection) async throws -> MigrationPlan {
        let bytes = files.map { Array($0.text.utf8) }
        let hashes = try await connection.query(
            """
            SELECT encode(sha256(body), 'hex') FROM unnest(\(bytes)) WITH ORDINALITY AS file (body, place) ORDER BY place
            """
        ).map { try $0.decode(String.self) }
        return MigrationPlan(files: Array(zip(files, hashes)), applied: try await applied(on: connection))
    }

    private func applied(on connection: Connection) async throws -> [MigrationPlan.Applied] {
        guard try await historyExists(on: connection) else { return [] }
        // Databases of early development versions lack the last column, and are refused with a sentence.
        return try await connection.query(
            """
            SELECT number, name, sha256, coalesce((to_jsonb(m) ->> 'is_compatible')::boolean, false)
            FROM public.fitnessd_migration m ORDER BY number
            """
        ).map { row in
            let (number, name, sha256, isCompatible) = try row.decode(Int32.self, String.self, String.self, Bool.self)
            return MigrationPlan.Applied(number: Int(number), name: name, sha256: sha256, isCompatible: isCompatible)
        }
    }

    /// Other encodings can't hold all characters of Strava's answers, nor the comments of the schema.
    private func requireUTF8(on connection: Connection) async throws {
        let encoding = try await connection.query("SELECT current_setting('server_encoding')").first?.decode(String.self)
        guard encoding != "UTF8" else { return }
        throw DatabaseError(
            .migration,
            "the database's encoding is \(encoding ?? "unknown"), and fitnessd needs UTF8: make a new database with "
                + "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0")
    }

    private func historyExists(on connection: Connection) async throws -> Bool {
        try await !connection.query("SELECT 1 WHERE to_regclass('public.fitnessd_migration') IS NOT NULL").isEmpty
    }

    private static let history = """
        CREATE TABLE IF NOT EXISTS public.fitnessd_migration (
            number     integer     NOT NULL CONSTRAINT fitnessd_migration_pk PRIMARY KEY,
            name       text        NOT NULL,
            sha256     text        NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(),
            is_compatible boolean  NOT NULL DEFAULT false
        );
        COMMENT ON TABLE public.fitnessd_migration IS 'The migrations of fitnessd that this database has, with the hash of each file as applied.';
        COMMENT ON COLUMN public.fitnessd_migration.is_compatible IS 'Whether the version before works on with it.';
        CREATE TABLE IF NOT EXISTS public.fitnessd_upgrade (
            is_only      boolean     NOT NULL DEFAULT true CONSTRAINT fitnessd_upgrade_pk PRIMARY KEY,
            name         text        NOT NULL,
            announced_at timestamptz NOT NULL,
            CONSTRAINT fitnessd_upgrade_is_only CHECK (is_only)
        );
        COMMENT ON TABLE public.fitnessd_upgrade IS 'A migration that is about to be applied and does not go with the version before: daemons that do not know it stop. One row at most; one that is older than 30 seconds was left by a crash.';
        """
}

/// Logs which sessions a migration waits for: another migrator, or one whose open transaction holds a lock on a table that is to be
/// changed.
private struct LockWaitReport: Sendable {
    /// The server process that migrates, once it is known.
    final class Session: Sendable {
        private let process = Mutex<Int32?>(nil)

        var pid: Int32? { process.withLock(\.self) }

        func begin(on connection: Connection) async throws {
            let pid = try await connection.query("SELECT pg_backend_pid()").first?.decode(Int32.self)
            process.withLock { $0 = pid }
        }
    }

    /// A migration that waits for less than this logs nothing.
    private static let interval = Duration.seconds(3)
    /// Sessions in a message; there may be as many as connections.
    private static let holdersMax = 5

    let database: Database
    let logger: Logger

    /// Runs `body`, and meanwhile logs whenever it waits for other sessions than at the last look.
    func reporting<Answer: Sendable>(_ body: @escaping @Sendable (Session) async throws -> Answer) async throws -> Answer {
        let session = Session()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch(session) }
            defer { group.cancelAll() }
            return try await body(session)
        }
    }

    /// Looks on a connection of its own; logs nothing when there is none, or no answer.
    private func watch(_ session: Session) async {
        var reported: String?
        while (try? await Task.sleep(for: Self.interval)) != nil {
            guard let pid = session.pid, let holders = try? await holders(of: pid), holders != reported else { continue }
            reported = holders
            logger.log(.notice, "migration waits for a lock that others hold", [.reason: holders])
        }
    }

    /// The sessions that block this one; nil when there are none.
    private func holders(of pid: Int32) async throws -> String? {
        let rows = try await database.query(
            """
            SELECT format('process %s of %s%s', a.pid, coalesce(a.usename, '?'), coalesce(' (' || nullif(a.application_name, '') || ')', ''))
            FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids(\(pid))) ORDER BY a.pid LIMIT \(Self.holdersMax)
            """)
        let names = try rows.map { try $0.decode(String.self) }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }
}
