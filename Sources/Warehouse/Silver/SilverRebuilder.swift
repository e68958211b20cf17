import Core
import Database
import Foundation
import Logging
import SyncStore

/// Makes all of an athlete's silver again from bronze in one transaction: until it commits readers see the old rows, then the new ones, never
/// a mixture. No call to Strava is made.
///
/// Landings go on: they write bronze, and the athlete's work stays on its list until the rebuild has ended. After a crash the request is
/// still in `sync.silver_rebuild`, and the rebuild starts over.
struct SilverRebuilder: Sendable {
    let database: Database
    let scripts: SilverScripts
    let health: SilverHealth
    let clock: WallClock
    let logger: Logger

    /// Does all rebuilds that were requested, one athlete after another.
    func drain() async {
        do {
            while true {
                let hasWorked = try await runOnce()
                if let ended = health.succeeded(.rebuilder) {
                    logger.log(.info, "silver rebuild works again", [.error: ended.reason, .attempt: ended.failures])
                }
                if !hasWorked { return }
                try Task.checkCancellation()
            }
        } catch  where error.isCancellation {
            return
        } catch {
            if health.failed(.rebuilder, reason: "\(error)", now: clock.now) {
                logger.log(.error, "silver rebuild has stopped until this is fixed", error)
            }
        }
    }

    /// Does the oldest request whose athlete is not locked; false when there is none.
    func runOnce() async throws -> Bool {
        var passed: [AthleteID] = []
        while let row = try await database.query(SilverRebuildTable.start(except: passed, now: clock.now)).first {
            let (athlete, isDryRun, requestedAt) = try row.decode(AthleteID.self, Bool.self, Date.self)
            let job = RebuildJob(athleteID: athlete, isDryRun: isDryRun, requestedAt: requestedAt)
            if try await run(job) { return true }
            passed.append(athlete)
        }
        return false
    }

    /// False when another transaction has locked the athlete.
    private func run(_ job: RebuildJob) async throws -> Bool {
        for _ in 1..<SilverRunner.attemptsMax {
            do { return try await attempt(job) } catch let error as DatabaseError where error.code == .serialization { continue }
        }
        return try await attempt(job)
    }

    private func attempt(_ job: RebuildJob) async throws -> Bool {
        do {
            return try await database.transaction { try await rebuild(job, on: $0) }
        } catch {
            switch SilverFault(error) {
            case .passing: throw error
            case .unclear: if let cause = try await batch.probe(in: database) { throw SilverStopped(underlying: cause) }
            case .row: break
            }
            logger.log(.error, "silver rebuild of an athlete failed", error, [.athleteID: job.athleteID])
            let statements = RebuildStatements.finish(job, activities: 0, report: nil, error: "\(error)", now: clock.now)
            _ = try await database.transaction { try await $0.pipeline(statements) }
            return true
        }
    }

    /// Reads from bronze only, and leaves the feed to the runner.
    private var batch: SilverBatch { SilverBatch(scripts: scripts, feed: SilverFeed(bytesMax: 0), now: clock.now) }

    private func rebuild(_ job: RebuildJob, on connection: Connection) async throws -> Bool {
        guard try await connection.query(RowLock.tryRebuild(job.athleteID))[0].decode(Bool.self) else { return false }
        try await connection.query(RowLock.silver(of: [job.athleteID]))
        try await connection.execute(RebuildStatements.temporaryTables)
        _ = try await connection.pipeline(SilverQueries.temporaryTables)
        try await connection.execute("SAVEPOINT rebuild")
        _ = try await connection.pipeline(RebuildStatements.remember(job.athleteID) + RebuildStatements.clear(job.athleteID))
        let work = try await work(job.athleteID, on: connection)
        let batch = batch
        var books = SilverBooks()
        for part in work { books += try await remake(part, batch, on: connection) }
        try await batch.sumUp(job.athleteID, on: connection)
        let report = try await connection.query(RebuildStatements.report(job.athleteID))[0].decode(String.self)
        if job.isDryRun { try await connection.execute("ROLLBACK TO SAVEPOINT rebuild") }
        let activities = work.reduce(0) { $0 + $1.count { $0.activityID != 0 } }
        _ = try await connection.pipeline(
            (job.isDryRun ? [] : books.statements(now: clock.now))
                + RebuildStatements.finish(job, activities: activities, report: report, error: nil, now: clock.now))
        return true
    }

    /// The athlete's work in parts that fit into memory.
    private func work(_ athlete: AthleteID, on connection: Connection) async throws -> [[SilverWork]] {
        var parts: [[SilverWork]] = []
        var bytes: Int64 = 0
        for row in try await connection.query(RebuildStatements.work(athlete)) {
            let (activity, size) = try row.decode(Int64.self, Int64.self)
            bytes += size
            if parts.isEmpty || parts[parts.count - 1].count == SilverRunner.batchMax || bytes > SilverBatch.bytesMax {
                parts.append([])
                bytes = size
            }
            parts[parts.count - 1].append(SilverWork(athleteID: athlete, activityID: activity, rows: []))
        }
        return parts
    }

    /// An activity on which the transform fails keeps its old rows and is quarantined; the rest goes on. When everything fails, the rebuild ends.
    private func remake(_ work: [SilverWork], _ batch: SilverBatch, on connection: Connection) async throws -> SilverBooks {
        try await connection.execute("SAVEPOINT part")
        do {
            let books = try await batch.remake(work, on: connection)
            try await connection.execute("RELEASE SAVEPOINT part")
            return books
        } catch {
            let fault = SilverFault(error)
            if case .passing = fault { throw error }
            try await connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            if work.count > 1 {
                var books = SilverBooks()
                for piece in work { books += try await remake([piece], batch, on: connection) }
                return books
            }
            if case .unclear = fault, let cause = try await batch.probe(nil, on: connection) { throw SilverStopped(underlying: cause) }
            return SilverBooks(failed: work[0], detail: "\(error)")
        }
    }
}

/// A rebuild that was requested.
private struct RebuildJob: Sendable {
    let athleteID: AthleteID
    let isDryRun: Bool
    let requestedAt: Date
}

/// The statements of a rebuild and of its report.
private enum RebuildStatements {
    static let temporaryTables = """
        CREATE TEMPORARY TABLE IF NOT EXISTS silver_before (table_name text NOT NULL, row_key bigint NOT NULL, content bigint NOT NULL)
            ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE IF NOT EXISTS silver_figure_before (figure text NOT NULL, value float8) ON COMMIT DELETE ROWS
        """

    static func remember(_ athlete: AthleteID) -> [SQL] {
        [
            "INSERT INTO silver_before SELECT table_name, row_key, content FROM sync.silver_content(\(athlete))",
            "INSERT INTO silver_figure_before SELECT figure, value FROM sync.silver_figures(\(athlete))",
        ]
    }

    /// All activities of the athlete in bronze or silver, with the bytes to read; 0 stands for the athlete's own objects.
    static func work(_ athlete: AthleteID) -> SQL {
        """
        SELECT activity_id, sum(bytes)::bigint FROM (
            SELECT object_id AS activity_id, body_bytes::bigint AS bytes FROM bronze_strava.answer
            WHERE athlete_id = \(athlete) AND source_id IN (1, 2, 3) AND endpoint IN (1, 2, 3)
            UNION ALL SELECT activity_id, 0 FROM silver.activity WHERE athlete_id = \(athlete)
            UNION ALL SELECT 0, 0
        ) AS w
        GROUP BY activity_id ORDER BY activity_id
        """
    }

    /// Deletes rows whose answer bronze no longer has; those of gone activities are deleted with their activity. The rows of profile and totals
    /// are marked as outdated. Dated facts of the athlete stay: their answers may have left bronze. Estimates are made from activities, and go.
    static func clear(_ athlete: AthleteID) -> [SQL] {
        [
            "UPDATE silver.athlete SET transform_version = 0 WHERE athlete_id = \(athlete)",
            "DELETE FROM silver.athlete_threshold WHERE athlete_id = \(athlete) AND origin = 'estimate'",
            "UPDATE silver.athlete_stats SET transform_version = 0 WHERE athlete_id = \(athlete)",
            """
            WITH gone AS (
                DELETE FROM silver.athlete_stats t
                WHERE t.athlete_id = \(athlete) AND NOT EXISTS (
                    SELECT FROM bronze_strava.answer a
                    WHERE a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.endpoint = 8 AND a.object_id = t.athlete_id)
                RETURNING t.source_id)
            DELETE FROM silver.athlete_finding f
            WHERE f.athlete_id = \(athlete) AND f.check_name LIKE 'stats\\_%' AND f.source_id IN (SELECT source_id FROM gone)
            """,
            """
            DELETE FROM silver.quality_finding t
            WHERE t.athlete_id = \(athlete) AND t.check_name ~ '^(lap|effort|segment)_' AND NOT EXISTS (
                SELECT FROM bronze_strava.answer a
                WHERE a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.endpoint = 2 AND a.object_id = t.activity_id)
            """,
        ]
            + [
                ("lap", 2), ("split", 2), ("split_mile", 2), ("best_effort", 2), ("segment_effort", 2), ("photo", 2),
                ("activity_stream", 3), ("activity_rollup", 3), ("activity_metric", 3), ("activity_strava_zone", 6),
            ].map { table, endpoint in
                """
                DELETE FROM silver.\(raw: table) t
                WHERE t.athlete_id = \(athlete) AND NOT EXISTS (
                    SELECT FROM bronze_strava.answer a
                    WHERE a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.endpoint = \(raw: "\(endpoint)")
                      AND a.object_id = t.activity_id)
                """
            }
    }

    /// The differences from the old rows, as the text of the report.
    static func report(_ athlete: AthleteID) -> SQL {
        """
        SELECT jsonb_build_object(
            'tables', (
                SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d."table"), '[]') FROM (
                    SELECT table_name AS "table", count(b.row_key) AS before, count(a.row_key) AS after,
                           count(*) FILTER (WHERE b.row_key IS NULL) AS added,
                           count(*) FILTER (WHERE a.content <> b.content) AS changed,
                           count(*) FILTER (WHERE a.row_key IS NULL) AS removed
                    FROM silver_before b FULL JOIN sync.silver_content(\(athlete)) a USING (table_name, row_key)
                    GROUP BY table_name
                ) AS d),
            'figures', (
                SELECT jsonb_agg(jsonb_build_object('figure', figure, 'before', coalesce(b.value, 0), 'after', coalesce(a.value, 0))
                    ORDER BY figure)
                FROM silver_figure_before b JOIN sync.silver_figures(\(athlete)) a USING (figure)))::text
        """
    }

    /// Ends this request; one made in the meantime stays.
    static func finish(_ job: RebuildJob, activities: Int, report: String?, error: String?, now: Date) -> [SQL] {
        [
            SilverRebuildTable.finish(
                job.athleteID, isDryRun: job.isDryRun, requestedAt: job.requestedAt, activities: activities, report: report, error: error,
                now: now),
            "SELECT pg_notify('silver', '')",
        ]
    }
}

/// Takes requests for rebuilds: each is written to PostgreSQL, then the silver runner is notified.
public struct RebuildDesk: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Requests a rebuild of an athlete's silver, or of everyone's (nil), or a dry run; returns for how many athletes.
    ///
    /// No call to Strava is made. A request that is waiting keeps its place; one under way is done once more afterwards.
    /// - Parameter now: the time of the request, by which its report is found.
    @discardableResult
    public func request(_ athlete: AthleteID?, isDryRun: Bool, now: Date) async throws -> Int {
        let rows = try await database.query(SilverRebuildTable.request(athlete, isDryRun: isDryRun, now: now))
        return try rows[0].decode(Int.self)
    }
}
