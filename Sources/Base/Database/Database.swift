import Core
import Foundation
import Logging

/// The pool of connections to one database: a bounded number, opened when needed, handed out first come, first served.
public final class Database: Sendable {
    /// Enough for the writer, the silver runner, the scheduler, control and gateway; few for PostgreSQL.
    public static let connectionsMaxDefault = 8

    private let pool: ConnectionPool
    let conninfo: String
    let applicationName: String
    private let logger: Logger

    /// - Parameter url: a libpq URL or connection string. It may hold a password: it is never logged.
    public init(
        url: String, connectionsMax: Int = Database.connectionsMaxDefault, applicationName: String = "fitnessd",
        logger: Logger = Logger(label: "database")
    ) {
        conninfo = url
        self.applicationName = applicationName
        self.logger = logger
        pool = ConnectionPool(countMax: connectionsMax) {
            try await Connection.open(url, applicationName: applicationName)
        }
    }

    /// Runs one statement on any connection.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        try await withConnection { try await $0.query(sql) }
    }

    /// Lends a connection for the time of `body`.
    public func withConnection<Answer>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await pool.lease()
        do {
            let answer = try await body(connection)
            await pool.release(connection)
            return answer
        } catch {
            await pool.release(connection)
            throw error
        }
    }

    /// Runs `body` between BEGIN and COMMIT on one connection; any error, a cancelled task included, rolls all of it back.
    public func transaction<Answer>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        try await withConnection { connection in
            try await connection.executeUncancelled("BEGIN")
            do {
                let answer = try await body(connection)
                try Task.checkCancellation()
                try await connection.executeUncancelled("COMMIT")
                return answer
            } catch {
                // A failed rollback leaves a broken connection, which the pool throws away: PostgreSQL rolls back on its own.
                do { try await connection.executeUncancelled("ROLLBACK") } catch {
                    logger.log(.debug, "rollback failed", [.error: "\(error)"])
                }
                throw error
            }
        }
    }

    /// The payloads of NOTIFY on `channel`. A broken connection is made again; what was sent meanwhile is lost, so a listener also polls.
    public func notifications(on channel: String) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(64))
        let listener = NotificationListener(
            channel: channel, conninfo: conninfo, applicationName: applicationName, continuation: continuation, logger: logger)
        let task = Task { await listener.run() }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    /// Closes all connections; those in use when they are given back.
    public func close() async { await pool.close() }
}
