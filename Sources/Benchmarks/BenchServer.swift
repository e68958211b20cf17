import Core
import Database
import EmbeddedPostgres
import Foundation
import Logging
import Migrations

/// A migrated private cluster, made as the daemon makes it, and psql for the rivals.
struct BenchServer: Sendable {
    /// `db/`, `sql/`, and in a checkout this program's own SQL.
    let share: URL
    let folder: URL
    let url: String
    let database: Database
    let logger: Logger
    private let postgres: EmbeddedPostgres
    private let socket: String

    static func start(in folder: URL) async throws -> BenchServer {
        guard let share = ShareDirectory.find() else { throw BenchFailure("run this from a checkout: db/ and sql/ are not found") }
        var logger = Logger(label: "bench")
        logger.logLevel = .warning
        let postgres = EmbeddedPostgres(stateDirectory: folder, logger: logger)
        let url = try await postgres.start()
        let database = Database(url: url, logger: logger)
        let server = BenchServer(
            share: share, folder: folder, url: url, database: database, logger: logger, postgres: postgres,
            socket: await postgres.socketDirectory ?? "")
        _ = try await Migrator(directory: share, database: database, logger: logger).migrate()
        // So that it does not disturb a measurement. Where it matters VACUUM and ANALYZE are run by hand.
        try await server.run("ALTER SYSTEM SET autovacuum = off")
        try await server.run("SELECT pg_reload_conf()")
        return server
    }

    /// Another database of the same cluster, migrated. The caller closes it.
    func other(_ name: String) async throws -> BenchServer {
        try await database.query("CREATE DATABASE \(raw: name)")
        let url = String(url[..<(url.lastIndex(of: "/") ?? url.endIndex)]) + "/" + name
        let database = Database(url: url, logger: logger)
        _ = try await Migrator(directory: share, database: database, logger: logger).migrate()
        return BenchServer(
            share: share, folder: folder, url: url, database: database, logger: logger, postgres: postgres, socket: socket)
    }

    func stop() async {
        await database.close()
        await postgres.stop()
    }

    /// Runs a script on a connection of the daemon's kind.
    func run(_ script: String) async throws { try await database.withConnection { try await $0.execute(script) } }

    /// Restores the planner's settings to PostgreSQL's defaults, as on a server that was installed for no special purpose.
    func useDefaults() async throws {
        let defaults = [
            "jit = on", "random_page_cost = 4", "effective_cache_size = '4GB'", "work_mem = '4MB'", "maintenance_work_mem = '64MB'",
            "wal_compression = off", "checkpoint_timeout = '5min'",
        ]
        for setting in defaults { try await run("ALTER SYSTEM SET \(setting)") }
        try await run("SELECT pg_reload_conf()")
    }

    /// Runs one of this program's SQL files, with psql's `:name` replaced.
    func run(file: String, _ values: [String: String] = [:]) async throws { try await run(try text(of: file, values)) }

    func text(of file: String, _ values: [String: String] = [:]) throws -> String {
        let text = try String(contentsOf: share.appending(path: file), encoding: .utf8)
        return values.reduce(text) { $0.replacingOccurrences(of: ":" + $1.key, with: $1.value) }
    }

    /// The one number that a query returns.
    func number(_ query: String) async throws -> Double {
        try await database.query(SQL(raw: "SELECT (\(query))::float8"))[0].decode(Double.self)
    }

    /// Runs commands one after another in one psql.
    func psql(_ commands: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", EmbeddedPostgres.ownerName, "-d",
                EmbeddedPostgres.databaseName,
            ]
            + commands.flatMap { ["-c", $0] }
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchFailure("psql ended with status \(process.terminationStatus)") }
    }

    /// Removes all athletes with everything that belongs to them.
    func removeAthletes() async throws {
        try await run("TRUNCATE sync.athlete CASCADE")
        try await run("CHECKPOINT")
    }

    func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
