import Core
import Foundation
import Logging

/// A database through a bounded pool of connections, which are opened when needed and lent first come, first served.
public final class Database: Sendable {
    private let pool: ConnectionPool
    private let conninfo: String
    private let applicationName: String
    private let health: WriteHealth
    private let logger: Logger

    /// - Parameters:
    ///   - url: a libpq URL or connection string. It may hold a password, and is never logged.
    ///   - waitMax: a caller that gets no connection within this time is refused (`DatabaseError.busy`).
    public convenience init(
        url: String, connectionsMax: Int = ConnectionShares.general, applicationName: String = "fitnessd",
        waitMax: Duration = .seconds(30), pool: PoolMeters.Pool = .general, logger: Logger = Logger(label: "database")
    ) {
        let limits = ConnectionPool.Limits(connectionsMax: max(1, connectionsMax), waitMax: waitMax)
        self.init(
            url, limits, applicationName: applicationName, statementMax: nil, health: WriteHealth(), pool: pool, logger: logger)
    }

    private init(
        _ url: String, _ limits: ConnectionPool.Limits, applicationName: String, statementMax: Duration?, health: WriteHealth,
        pool: PoolMeters.Pool, logger: Logger
    ) {
        conninfo = url
        self.applicationName = applicationName
        self.health = health
        self.logger = logger
        self.pool = ConnectionPool(limits, PoolMeters(pool)) {
            Connection(url, applicationName: applicationName, statementMax: statementMax, health: health)
        }
    }

    /// A second, small pool to the same database for work that must never wait for other work. Its statements are short: one that takes
    /// longer than `statementMax` is ended, so that a server that hangs does not hang its callers.
    public func reserved(
        connectionsMax: Int = ConnectionShares.steering, waitMax: Duration = .seconds(10), statementMax: Duration = .seconds(20),
        pool: PoolMeters.Pool = .steering
    ) -> Database {
        let limits = ConnectionPool.Limits(connectionsMax: connectionsMax, waitMax: waitMax)
        return Database(
            conninfo, limits, applicationName: applicationName, statementMax: statementMax, health: health, pool: pool, logger: logger)
    }

    /// Whether a write failed because the server's disk is full, and none has added rows since.
    public var isDiskFull: Bool { health.isDiskFull }

    /// After a write that failed because the disk is full: tries to add rows, and throws when that is still impossible (SQLSTATE 53100).
    public func checkDisk() async throws {
        guard health.isDiskFull else { return }
        try await transaction {
            try await $0.execute(
                "CREATE TEMPORARY TABLE fitnessd_disk_check ON COMMIT DROP AS SELECT repeat('x', 6000) FROM generate_series(1, 64)")
        }
        health.recovered()
    }

    /// Runs one statement on any connection.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        try await withConnection { try await $0.query(sql) }
    }

    /// Lends a connection to `body`.
    ///
    /// - Parameter isKept: false: the connection is closed afterwards, for `body` that leaves a session in a state that nobody knows.
    /// - Throws: `DatabaseError(.busy)` when none becomes free in time.
    public func withConnection<Answer>(
        isKept: Bool = true, isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await pool.lease()
        do {
            let answer = try await body(connection)
            await pool.release(connection, isKept: isKept)
            return answer
        } catch {
            await pool.release(connection, isKept: isKept)
            throw error
        }
    }

    /// Runs `body` between BEGIN and COMMIT on one connection; any error, cancellation included, rolls everything back. Actions that `body`
    /// has added with `Connection.afterCommit` run after the COMMIT and before this returns.
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
                // A failed rollback leaves a broken connection, which the pool discards, and PostgreSQL rolls back by itself.
                do { try await connection.rollBack() } catch {
                    logger.log(.debug, "rollback failed", error)
                }
                throw error
            }
            actions = try await connection.commit()
            return answer
        }
        for action in actions { await action() }
        return answer
    }

    /// The payloads of NOTIFY on `channel`. A broken connection is made again; notifications sent meanwhile are lost, so listeners also
    /// poll.
    public func notifications(on channel: String) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(64))
        let listener = NotificationListener(
            channel: channel, conninfo: conninfo, applicationName: applicationName, continuation: continuation, logger: logger)
        let task = Task { await listener.run() }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    /// Before a restart of the server: no connection is lent until `resume()`, callers wait instead. Returns when none is in use any more, or
    /// after `patience`.
    public func hold(patience: Duration) async { await pool.hold(patience: patience) }

    /// Lends connections again after `hold`.
    public func resume() async { await pool.resume() }

    /// Closes all connections, those in use when they are released.
    public func close() async { await pool.close() }

    /// Ends all statements in progress, whatever the server does, and closes the pool: the last step of a stop.
    public func cut() async { await pool.cut() }
}

extension Database {
    /// Runs a `COPY … TO STDOUT` and passes its data to `body` in pieces of whole rows, about 64 KiB each or one row.
    ///
    /// The next piece is read when `body` has returned: a slow reader slows the server down, and nothing accumulates. After an error, also
    /// one of `body`'s, the statement is cancelled.
    ///
    /// - Parameter statement: COPY takes no parameters, so variable parts must come from the server's `format` or be numbers.
    /// - Returns: the number of rows.
    @discardableResult
    public func copyOut(
        _ statement: String, isolation: isolated (any Actor)? = #isolation, _ body: ([UInt8]) async throws -> Void
    ) async throws -> Int {
        try await withConnection { try await $0.copyOut(statement, body) }
    }
}

extension Connection {
    /// `Database.copyOut` on this connection, which can't be used again after an error.
    @discardableResult
    public func copyOut(
        _ statement: String, isolation: isolated (any Actor)? = #isolation, _ body: ([UInt8]) async throws -> Void
    ) async throws -> Int {
        do {
            try await beginCopyOut(statement)
            while let piece = try await copyPiece() { try await body(piece) }
            return try await endCopyOut()
        } catch {
            await abandon()
            throw error
        }
    }
}

extension Database {
    /// Other connections that are opened to see whether one of them gets our session.
    private static let othersMax = 4

    /// Refuses a pooler that gives each transaction another session of the server (PgBouncer's `pool_mode = transaction`), since settings,
    /// prepared statements and LISTEN would be lost.
    ///
    /// PostgreSQL announces the id of the process that serves a connection; a pooler announces a number of its own. In that case only,
    /// other connections each begin a transaction, to see whether our session stays the same.
    ///
    /// - Throws: `DatabaseError(.statement)` with a sentence that says what to do.
    public func requireOwnSession() async throws {
        let watched = try await Connection.opened(conninfo, applicationName: applicationName)
        var others: [Connection] = []
        let result: Result<Void, any Error>
        do {
            result = .success(try await watch(watched, &others))
        } catch let error as DatabaseError where Self.lostStatement.contains(error.sqlState ?? "") {
            result = .failure(Self.sharedSession)
        } catch let error as DatabaseError where error.code == .unreachable {
            // PgBouncer's `pool_mode = statement` closes a connection that begins a transaction, and accepts the next one all the same.
            result = .failure(await isServed() ? Self.sharedSession : error)
        } catch { result = .failure(error) }
        for connection in others + [watched] { await connection.close() }
        try result.get()
    }

    private func isServed() async -> Bool {
        guard let probe = try? await Connection.opened(conninfo, applicationName: applicationName) else { return false }
        await probe.close()
        return true
    }

    private func watch(_ watched: Connection, _ others: inout [Connection]) async throws {
        let process = try await watched.serverProcess()
        if await watched.announcedProcess() == process { return }
        for _ in 0..<Self.othersMax {
            let other = try await Connection.opened(conninfo, applicationName: applicationName)
            others.append(other)
            do {
                try await other.execute("BEGIN; SELECT 1")
                if try await watched.serverProcess() == process { continue }
            } catch let error as DatabaseError where error.code == .statement {
                // Our session changed to one that does not have our prepared statement, or BEGIN is not allowed.
            }
            throw Self.sharedSession
        }
    }

    /// A prepared statement that another session made, or that this session doesn't have (PostgreSQL documentation, Appendix A).
    private static let lostStatement = ["42P05", "26000"]

    private static let sharedSession = DatabaseError(
        .statement,
        "FITNESSD_DATABASE_URL leads to a pooler that gives each transaction another session of the server (PgBouncer: pool_mode = transaction): "
            + "connect to PostgreSQL itself, or set pool_mode = session for this database")
}

extension Connection {
    fileprivate static func opened(_ conninfo: String, applicationName: String) async throws -> Connection {
        let connection = Connection(conninfo, applicationName: applicationName)
        try await connection.open()
        return connection
    }

    /// The id of the server process that serves this connection at the moment.
    fileprivate func serverProcess() async throws -> Int32 {
        guard let row = try await query("SELECT pg_backend_pid()").first else { throw DatabaseError(.decoding, "no process id") }
        return try row.decode(Int32.self)
    }
}

/// One connection that listens on a channel, made again when it breaks.
private struct NotificationListener: Sendable {
    let channel: String
    let conninfo: String
    let applicationName: String
    let continuation: AsyncStream<String>.Continuation
    let logger: Logger

    /// The longest wait before cancellation is checked, in milliseconds. Notifications end a wait at once.
    private static let wait_ms: Int32 = 250
    /// Pause before a broken connection is made again.
    private static let reconnectPause: Duration = .seconds(1)

    func run() async {
        while !Task.isCancelled {
            do {
                try await listen()
            } catch is CancellationError {
                break
            } catch {
                logger.log(.debug, "listening connection lost", error, [.channel: channel])
                do { try await Task.sleep(for: Self.reconnectPause) } catch { break }
            }
        }
        continuation.finish()
    }

    private func listen() async throws {
        let connection = Connection(conninfo, applicationName: applicationName)
        do {
            try await connection.open()
            try await connection.execute("LISTEN \"\(channel)\"")
            while true {
                try Task.checkCancellation()
                for payload in try await connection.waitForNotifications(timeout_ms: Self.wait_ms) {
                    continuation.yield(payload)
                }
            }
        } catch {
            await connection.close()
            throw error
        }
    }
}
