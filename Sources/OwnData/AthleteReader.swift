import Core
import Database
import Foundation
import Logging
import SyncStore

/// Reads the rows of one athlete and nobody else's, by a login of its own: `fitness_reader`.
///
/// The athlete is bound to the transaction inside PostgreSQL, whose row-level security shows the rows of that athlete only: a mistake in a
/// statement leaks nothing. Each read is a transaction that is rolled back at its end, and with it the binding, settings and whatever else the
/// statements have left.
public struct AthleteReader: Sendable {
    /// The longest time for a statement of `read`. Its statements are ours and take milliseconds.
    public static let statementTimeout: Duration = .seconds(10)
    /// A caller waits so long for a connection; a client that waits longer asks again anyway.
    private static let waitMax: Duration = .seconds(5)
    /// When the server does not end a statement at its timeout, the connection is cut so much later.
    private static let graceAfterTimeout: Duration = .seconds(5)
    /// The longest timeout of `readOnce`: a COPY of a large table to a slow reader.
    public static let statementTimeoutMax: Duration = .seconds(3_600)
    /// The longest wait for the server in `readOnce`: for a whole answer, or the next rows of a COPY.
    private static let serverWaitMax: Duration = .seconds(65)

    private let reads: Database
    private let queries: Database
    private let key: ReaderKey
    private let logger: Logger
    private var sight = ReaderSight()

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - url: the database of `daemon` by the login `fitness_reader`: not a replica, since only a server that writes numbers transactions.
    ///   - daemon: the same database by the daemon's login, which may read the key.
    public init(url: Secret, daemon: Database, logger: Logger = Logger(label: "own-data")) {
        let database = Database(
            url: url.reveal(), connectionsMax: 1, applicationName: "fitnessd reader", pool: .reader, logger: logger)
        reads = database.reserved(
            connectionsMax: ConnectionShares.ownReads, waitMax: Self.waitMax, statementMax: Self.statementTimeout + Self.graceAfterTimeout,
            pool: .reader)
        queries = database.reserved(
            connectionsMax: ConnectionShares.ownQueries, waitMax: Self.waitMax,
            statementMax: Self.serverWaitMax, pool: .readerQueries)
        key = ReaderKey(database: daemon)
        self.logger = logger
    }

    /// The same reader, seeing no more than this: what it didn't see before stays hidden.
    public func seeing(_ sight: ReaderSight) -> AthleteReader {
        var copy = self
        copy.sight = ReaderSight(places: self.sight.places && sight.places, apiRows: self.sight.apiRows && sight.apiRows)
        return copy
    }

    /// Runs `body` in a transaction that sees the rows of this athlete only, writes nothing, and is rolled back at its end.
    ///
    /// - Throws: `body`'s errors; `DatabaseError` when the reader can't be reached or bound.
    public func read<Answer>(
        _ athlete: AthleteID, isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        try await reads.withConnection { connection in
            try await bound(connection, athlete, readsAnswers: false, timeout: Self.statementTimeout, body)
        }
    }

    /// The same on a connection of its own that is closed afterwards: for statements that somebody else wrote, and for reads that take long.
    ///
    /// Run what others wrote as a sub-select, `SELECT … FROM (…) AS q`: then it can only be a query. An `EXPLAIN` would tell how many rows
    /// PostgreSQL's statistics, which count everybody's, expect for a value.
    ///
    /// - Parameters:
    ///   - statementTimeout: of each statement, at most `statementTimeoutMax`.
    ///   - readsAnswers: whether `bronze_strava.answer` and its versions show the athlete's rows. Needs places and API rows in sight.
    public func readOnce<Answer>(
        _ athlete: AthleteID, statementTimeout: Duration, readsAnswers: Bool = false, isolation: isolated (any Actor)? = #isolation,
        _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        let timeout = min(statementTimeout, Self.statementTimeoutMax)
        return try await queries.withConnection(isKept: false) { connection in
            try await bound(connection, athlete, readsAnswers: readsAnswers, timeout: timeout, body)
        }
    }

    /// What to say where there is no reader.
    public static let isMissing =
        "FITNESSD_READER_DATABASE_URL is not set, so /v1/me and /mcp answer 503: give the login fitness_reader of db/roles.sql a password, and set it"

    /// Whether reads work: binds an athlete that nobody has.
    ///
    /// - Throws: `DatabaseError` with a sentence that says what to do.
    public func check() async throws {
        do {
            try await read(AthleteID(0)) { _ = try await $0.query("SELECT FROM silver.athlete LIMIT 1") }
        } catch let error as DatabaseError where error.sqlState == nil {
            throw DatabaseError(error.code, "\(error.message); check FITNESSD_READER_DATABASE_URL")
        }
    }

    /// Before a restart of the server, as `Database.hold`.
    public func hold(patience: Duration) async {
        async let queriesHeld: Void = queries.hold(patience: patience)
        await reads.hold(patience: patience)
        await queriesHeld
    }

    /// Lends connections again after `hold`.
    public func resume() async {
        await reads.resume()
        await queries.resume()
    }

    /// Closes all connections.
    public func close() async {
        await reads.close()
        await queries.close()
    }

    /// Ends all statements under way, whatever the server does, and closes all connections.
    public func cut() async {
        await reads.cut()
        await queries.cut()
    }

    private func bound<Answer>(
        _ connection: Connection, _ athlete: AthleteID, readsAnswers: Bool, timeout: Duration,
        isolation: isolated (any Actor)? = #isolation, _ body: (Connection) async throws -> Answer
    ) async throws -> Answer {
        do {
            try await bind(connection, athlete, readsAnswers: readsAnswers, timeout: timeout)
            let answer = try await body(connection)
            try await connection.execute("ROLLBACK")
            return answer
        } catch {
            // One that can't be rolled back is not idle, and the pool closes it.
            do { try await connection.execute("ROLLBACK") } catch {
                logger.log(.debug, "rollback failed", error)
            }
            throw error
        }
    }

    private func bind(_ connection: Connection, _ athlete: AthleteID, readsAnswers: Bool, timeout: Duration) async throws {
        do {
            let begun = try await connection.pipeline([ReaderTable.begin, ReaderTable.transaction])
            guard let transaction = try begun.last?.first?.decode(Int64.self) else {
                throw DatabaseError(.decoding, "no number of a transaction")
            }
            let rights = sight.rights(readsAnswers: readsAnswers)
            let mac = try await key.mac(athlete, rights: rights, transaction: transaction)
            let timeout_ms = String(Int(timeout.seconds * 1_000))
            _ = try await connection.pipeline(
                [
                    ReaderTable.bind(athlete, rights: rights, mac: mac),
                    // Planned once a connection: to plan a view takes longer than to read one athlete's rows through it.
                    "SELECT set_config('statement_timeout', \(timeout_ms), true), set_config('plan_cache_mode', 'force_generic_plan', true)",
                ] + (sight.places ? [ReaderTable.seePlaces] : []))
        } catch let error as DatabaseError {
            await key.forget()
            throw Self.explained(error)
        }
    }

    /// SQLSTATEs (PostgreSQL documentation, Appendix A).
    private static func explained(_ error: DatabaseError) -> DatabaseError {
        switch error.sqlState {
        case "25006":
            DatabaseError(
                .authentication, "FITNESSD_READER_DATABASE_URL leads to a replica: it must lead to the server of FITNESSD_DATABASE_URL")
        case "42883", "3F000", "42501":
            DatabaseError(
                .authentication,
                "fitness_reader has no rights in this database: run db/roles.sql as a superuser after the migrations, and check FITNESSD_READER_DATABASE_URL"
            )
        default: error
        }
    }
}
