import Core
import Foundation
import Logging

/// The pool of connections to one database: a bounded number, opened when needed, handed out first come, first served.
public final class Database: Sendable {
    private let pool: ConnectionPool
    let conninfo: String
    let applicationName: String
    private let health: WriteHealth
    private let logger: Logger

    /// - Parameters:
    ///   - url: a libpq URL or connection string. It may hold a password: it is never logged.
    ///   - waitMax: how long a caller waits for a connection.
    public convenience init(
        url: String, connectionsMax: Int = ConnectionShares.general, applicationName: String = "fitnessd",
        waitMax: Duration = .seconds(30), logger: Logger = Logger(label: "database")
    ) {
        let bounds = ConnectionPool.Bounds(connectionsMax: max(1, connectionsMax), waitMax: waitMax)
        self.init(url, bounds, applicationName: applicationName, statementMax: nil, health: WriteHealth(), logger: logger)
    }

    private init(
        _ url: String, _ bounds: ConnectionPool.Bounds, applicationName: String, statementMax: Duration?, health: WriteHealth,
        logger: Logger
    ) {
        conninfo = url
        self.applicationName = applicationName
        self.health = health
        self.logger = logger
        pool = ConnectionPool(bounds) {
            Connection(url, applicationName: applicationName, statementMax: statementMax, health: health)
        }
    }

    /// A second, small pool to the same database for what must never wait behind other work. Its statements are short: one that is not
    /// answered in time is ended, so that no server that hangs can hang its callers.
    public func reserved(
        connectionsMax: Int = ConnectionShares.steering, waitMax: Duration = .seconds(10), statementMax: Duration = .seconds(20)
    ) -> Database {
        let bounds = ConnectionPool.Bounds(connectionsMax: connectionsMax, waitMax: waitMax)
        return Database(
            conninfo, bounds, applicationName: applicationName, statementMax: statementMax, health: health, logger: logger)
    }

    /// Whether the last write failed because the server's disk is full, and none has succeeded since.
    public var isDiskFull: Bool { health.isDiskFull }

    /// When a write has failed because the disk is full: tries whether a table can grow again, and throws when none can (SQLSTATE 53100).
    public func checkDisk() async throws {
        guard health.isDiskFull else { return }
        try await transaction {
            try await $0.execute(
                "CREATE TEMPORARY TABLE fitnessd_disk_check ON COMMIT DROP AS SELECT repeat('x', 6000) FROM generate_series(1, 64)")
        }
        health.hasRoom()
    }

    /// Runs one statement on any connection.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        try await withConnection { try await $0.query(sql) }
    }

    /// Lends a connection for the time of `body`.
    ///
    /// - Throws: `DatabaseError(.busy)` when none becomes free in time.
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

    /// Runs `body` between BEGIN and COMMIT on one connection; any error, a cancelled task included, rolls all of it back. What `body` hands
    /// to `Connection.afterCommit` is done when the COMMIT has succeeded, before this returns.
    ///
    /// - Throws: `body`'s errors; `DatabaseError(.commitUnknown)` when the connection broke during COMMIT.
    public func transaction<Answer>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        var actions: [Connection.AfterCommit] = []
        let answer = try await withConnection { connection in
            try await connection.begin()
            let answer: Answer
            do {
                answer = try await body(connection)
                try Task.checkCancellation()
            } catch {
                // A failed rollback leaves a broken connection, which the pool throws away: PostgreSQL rolls back on its own.
                do { try await connection.rollBack() } catch {
                    logger.log(.debug, "rollback failed", [.error: "\(error)"])
                }
                throw error
            }
            actions = try await connection.commit()
            return answer
        }
        for action in actions { await action() }
        return answer
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

    /// Ends all statements under way, whatever the server does, and closes the pool: the last step of a stop.
    public func cut() async { await pool.cut() }
}
