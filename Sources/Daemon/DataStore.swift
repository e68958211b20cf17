import Core
import Database
import EmbeddedPostgres
import Foundation
import Logging
import Migrations

/// The database the daemon works on: the operator's own, or a private cluster under the state directory, started and stopped with it.
struct DataStore: Sendable {
    let database: Database
    /// The connections of the scheduler, the quota's ledger and the health check, which nothing else can take.
    let steering: Database
    let shareDirectory: URL
    /// Nil: the operator's own server.
    let embedded: EmbeddedPostgres?
    /// How psql reaches it; shown only for the private cluster, whose URL holds no password.
    let privateURL: String?
    private let logger: Logger

    static func open(_ configuration: Configuration, logger: Logger) async throws -> DataStore {
        let shareDirectory = try Preflight(configuration: configuration).shareDirectory()
        if let url = configuration.databaseURL {
            let database = Database(url: url.reveal(), logger: logger)
            return try await DataStore(
                database: database, steering: database.reserved(), shareDirectory: shareDirectory, embedded: nil, privateURL: nil,
                logger: logger
            ).reached()
        }
        let embedded = EmbeddedPostgres(stateDirectory: configuration.stateDirectory, logger: logger)
        let url = try await embedded.start()
        let database = Database(url: url, logger: logger)
        return DataStore(
            database: database, steering: database.reserved(), shareDirectory: shareDirectory, embedded: embedded, privateURL: url,
            logger: logger)
    }

    func migrate() async throws -> [String] {
        try await Migrator(directory: shareDirectory, database: database, logger: logger).migrate()
    }

    func pendingMigrations() async throws -> [String] {
        try await Migrator(directory: shareDirectory, database: database, logger: logger).pending()
    }

    /// The migrations that the database lacks, by one small query. Throws when it can't be reached, or can't be written for want of disk.
    func missing(_ migrations: MigrationCheck) async throws -> [String] {
        try await steering.checkDisk()
        return try await migrations.missing(in: steering)
    }

    /// Ends all statements under way; nothing waits for the server any more.
    func cut() async {
        await steering.cut()
        await database.cut()
    }

    func close() async {
        await steering.close()
        await database.close()
        await embedded?.stop()
    }

    /// Fails with a sentence that says what to do when the operator's server can't be reached.
    private func reached() async throws -> DataStore {
        do {
            try await checkVersion()
            try await database.requireOwnSession()
            return self
        } catch let error as DatabaseError where error.code != .statement {
            throw DatabaseError(
                error.code, "\(error.message); check FITNESSD_DATABASE_URL and that the server runs", sqlState: error.sqlState)
        }
    }
}
