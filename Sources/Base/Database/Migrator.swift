import Core
import Foundation
import Logging

/// Brings a database to the program's schema: the files of `db/migrations` in order, each in a transaction of its own together with
/// its line in `public.fitnessd_migration`. What must hold after each of them is in `db/after_migration.sql`, run in the same transaction.
///
/// That table is not in schema `sync`, since the first migration makes the schemas. Several daemons may migrate at once: each step
/// locks the table and looks again at what is there. Nobody who only reads can hold that lock, as anybody can an advisory lock.
public struct Migrator: Sendable {
    let directory: URL
    let database: Database
    private let logger: Logger

    /// - Parameter directory: the share directory, which holds `db/migrations`.
    public init(directory: URL, database: Database, logger: Logger = Logger(label: "migrator")) {
        self.directory = directory
        self.database = database
        self.logger = logger
    }

    /// Applies what is missing.
    /// - Returns: the names of what was applied, in order; empty when the database was up to date.
    /// - Throws: `DatabaseError(.migration)` when a file was changed, is missing, comes late or fails; what was applied before it stays.
    public func migrate() async throws -> [String] {
        let files = try MigratorFile.all(in: directory)
        // Without a lock: a login that may not migrate can see that nothing is missing.
        if try await pending(of: files).isEmpty { return [] }
        try await makeHistory()
        var names: [String] = []
        while let name = try await applyNext(of: files) { names.append(name) }
        return names
    }

    /// The names of what `migrate()` would apply. Writes nothing.
    public func pending() async throws -> [String] {
        try await pending(of: MigratorFile.all(in: directory)).map(\.name)
    }

    private func pending(of files: [MigratorFile]) async throws -> [MigratorFile] {
        try await database.withConnection { try await plan(files, on: $0).pending() }
    }

    private func applyNext(of files: [MigratorFile]) async throws -> String? {
        let waits = MigratorWaits(database: database, logger: logger)
        return try await waits.told { session in
            try await step(files, session)
        }
    }

    private func step(_ files: [MigratorFile], _ session: MigratorWaits.Session) async throws -> String? {
        try await database.transaction { connection in
            try await session.begins(on: connection)
            try await lock(connection)
            guard let next = try await plan(files, on: connection).pending().first else { return nil }
            try await apply(next, then: MigratorFile.afterEach(in: directory), on: connection)
            logger.log(.info, "migration applied", [.file: next.name])
            return next.name
        }
    }

    /// Another daemon may make the table at the same moment: the one that comes later meets a unique index of the catalogue.
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

    /// Needs a right to change the table (PostgreSQL documentation, LOCK), so no reader holds it.
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

    private func apply(_ file: MigratorFile, then closing: String, on connection: Connection) async throws {
        do {
            try await connection.execute(file.text)
            try await connection.execute(closing)
            _ = try await connection.query(
                """
                INSERT INTO public.fitnessd_migration (number, name, sha256)
                VALUES (\(Int32(file.number)), \(file.name), encode(sha256(\(Array(file.text.utf8))), 'hex'))
                """)
        } catch let error as DatabaseError where error.code != .unreachable && error.code != .cancelled {
            throw DatabaseError(.migration, "\(file.name) failed: \(error.message)", sqlState: error.sqlState)
        }
    }

    private func plan(_ files: [MigratorFile], on connection: Connection) async throws -> MigratorPlan {
        let bytes = files.map { Array($0.text.utf8) }
        let hashes = try await connection.query(
            """
            SELECT encode(sha256(body), 'hex') FROM unnest(\(bytes)) WITH ORDINALITY AS file (body, place) ORDER BY place
            """
        ).map { try $0.decode(String.self) }
        return MigratorPlan(files: Array(zip(files, hashes)), applied: try await applied(on: connection))
    }

    private func applied(on connection: Connection) async throws -> [MigratorPlan.Applied] {
        guard try await historyExists(on: connection) else { return [] }
        return try await connection.query("SELECT number, name, sha256 FROM public.fitnessd_migration ORDER BY number").map { row in
            let (number, name, sha256) = try row.decode(Int32.self, String.self, String.self)
            return MigratorPlan.Applied(number: Int(number), name: name, sha256: sha256)
        }
    }

    private func historyExists(on connection: Connection) async throws -> Bool {
        try await !connection.query("SELECT 1 WHERE to_regclass('public.fitnessd_migration') IS NOT NULL").isEmpty
    }

    private static let history = """
        CREATE TABLE IF NOT EXISTS public.fitnessd_migration (
            number     integer     NOT NULL CONSTRAINT fitnessd_migration_pk PRIMARY KEY,
            name       text        NOT NULL,
            sha256     text        NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        COMMENT ON TABLE public.fitnessd_migration IS 'The migrations of fitnessd that this database has, with the hash of each file as applied.';
        """
}
