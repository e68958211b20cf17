import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore

/// Removes copies that have been kept for as long as the policy allows, a batch at a time, and records it in the ledger. It finds them by age
/// in an index, so the cost of a pass depends on what it removes. Any number may work at once; work that one leaves unfinished is found by
/// the next pass.
public struct RetentionKeeper: Service {
    /// Time between two passes: short compared with the shortest time of a policy, a day.
    private static let interval: Duration = .seconds(600)
    /// Between two batches it waits this many times as long as the batch took, so that live work is hardly slowed.
    private static let restShare = 4

    private let database: Database
    private let livePolicy: Live<RetentionPolicy>
    private let clock: WallClock
    private let logger: Logger

    public init(database: Database, policy: RetentionPolicy, clock: WallClock, logger: Logger) {
        self.database = database
        livePolicy = Live(policy)
        self.clock = clock
        self.logger = logger
    }

    /// The next pass keeps to this policy.
    public func adopt(_ policy: RetentionPolicy) { livePolicy.replace(with: policy) }

    /// Works until graceful shutdown or cancellation.
    public func run() async throws {
        let outage = Outage("retention failed, will try again", over: "retention works again")
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await runOnce()
                    outage.isOver(logger)
                } catch {
                    if !error.isCancellation { outage.met(error, logger) }
                }
                do { try await clock.sleep(for: Self.interval) } catch { break }
            }
        }
    }

    /// One pass: removes all copies whose time is over.
    ///
    /// - Throws: `DatabaseError`; batches that have committed stay done.
    @discardableResult
    public func runOnce() async throws -> RetentionReport {
        let (startedAt, policy) = (clock.now, livePolicy.value)
        var report = RetentionReport()
        for step in RetentionQueries(policy: policy, now: startedAt).steps {
            while case let removed = try await batch(step), !removed.isEmpty { report += removed }
        }
        if !report.isEmpty { try await note(report, policy, startedAt: startedAt) }
        return report
    }

    private func batch(_ step: RetentionStep) async throws -> RetentionReport {
        let start = ContinuousClock.now
        let removed = try await database.transaction { try await step($0) }
        if !removed.isEmpty { try await Task.sleep(for: (ContinuousClock.now - start) * Self.restShare) }
        return removed
    }

    private func note(_ report: RetentionReport, _ policy: RetentionPolicy, startedAt: Date) async throws {
        logger.log(.info, "copies removed, their time is over", [.count: report.answers + report.versions])
        try await database.query(
            RunTable.addRetention(
                startedAt: startedAt, finishedAt: clock.now, apiCutoff: policy.apiCutoff(now: startedAt), activities: report.activities,
                answers: report.answers, versions: report.versions))
    }
}

/// Removes one batch and returns what it removed, which is nothing when there is no more.
private typealias RetentionStep = @Sendable (Connection) async throws -> RetentionReport

/// The statements of the retention. Rows are locked in the order of `RowLock`.
private struct RetentionQueries {
    /// Activities, answers or versions in one transaction.
    static let batchMax = 200
    /// The ledger's reason.
    static let reason = "retention"

    let policy: RetentionPolicy
    let now: Date

    var steps: [RetentionStep] {
        var steps: [RetentionStep] = []
        if let cutoff = policy.apiCutoff(now: now) {
            steps = [
                { try await gone($0) }, { try await activities($0, before: cutoff) }, { try await ownObjects($0, before: cutoff) },
                { try await bodies($0, before: cutoff) }, { try await versions($0, "valid_from", ofAPI: true, before: cutoff) },
                { try await eventTexts($0, before: cutoff) },
            ]
        }
        let versionCutoff = policy.versionCutoff(now: now)
        return steps + [{ try await versions($0, "valid_to", ofAPI: false, before: versionCutoff) }]
    }

    /// Removes an activity as a whole when one of its answers is too old, since its row in silver is made from all of them. The silver runner
    /// then finds nothing left in bronze, and removes it from silver and from all sums.
    private func activities(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let found = try await connection.query(
            """
            WITH old AS MATERIALIZED (
                SELECT w.athlete_id, w.object_id FROM bronze_strava.answer w \(raw: Self.sharingAthlete)
                WHERE w.source_id = 1 AND w.fetched_at < \(cutoff) AND w.endpoint IN (1, 2, 3, 6) AND \(raw: Self.isStaying)
                ORDER BY w.fetched_at LIMIT \(Self.batchMax) \(raw: Self.shareLock))
            SELECT DISTINCT athlete_id, object_id FROM old ORDER BY athlete_id, object_id
            """
        ).map { try $0.decode(AthleteID.self, Int64.self) }
        return try await removeAll(found, before: found.map { _ in cutoff }, on: connection)
    }

    /// Removes what is kept of activities that are gone at Strava: silver has dropped them already, and no copy may stay.
    private func gone(_ connection: Connection) async throws -> RetentionReport {
        let found = try await connection.query(
            """
            SELECT w.athlete_id, w.activity_id, w.gone_at FROM sync.activity w \(raw: Self.sharingAthlete)
            WHERE w.gone_at IS NOT NULL AND \(raw: Self.isStaying) AND EXISTS (
                SELECT FROM bronze_strava.answer b
                WHERE b.athlete_id = w.athlete_id AND b.source_id = 1 AND b.endpoint IN (1, 2, 3, 6) AND b.object_id = w.activity_id)
            ORDER BY w.athlete_id, w.activity_id LIMIT \(Self.batchMax) \(raw: Self.shareLock)
            """
        ).map { try $0.decode(AthleteID.self, Int64.self, Date.self) }
        // An activity that has come back meanwhile has a newer answer.
        return try await removeAll(found.map { ($0.0, $0.1) }, before: found.map(\.2), on: connection)
    }

    private func removeAll(
        _ found: [(AthleteID, Int64)], before cutoffs: [Date], on connection: Connection
    ) async throws -> RetentionReport {
        if found.isEmpty { return RetentionReport() }
        let rows = try await connection.pipeline([
            TransformWorkTable.add(found, now: now), remove(found, before: cutoffs), removeVersions(found),
            CompletenessTable.expire(found, reason: Self.reason, now: now), "SELECT pg_notify('silver', '')",
        ])
        return RetentionReport(activities: found.count, answers: rows[1].affected, versions: rows[2].affected)
    }

    /// Row `w`'s athlete is not being erased, and is not until the transaction ends; athletes whom an erasure has locked are passed over.
    private static let sharingAthlete = "JOIN sync.athlete p ON p.athlete_id = w.athlete_id"
    private static let isStaying = "p.state <> 'erasing'"
    private static let shareLock = "FOR KEY SHARE OF p SKIP LOCKED"

    /// Checks the age again under the lock: an answer that a landing has renewed stays, with its whole activity.
    private func remove(_ found: [(AthleteID, Int64)], before cutoffs: [Date]) -> SQL {
        """
        WITH held AS MATERIALIZED (
            SELECT a.athlete_id, a.object_id, a.fetched_at < w.cutoff AS is_old
            FROM unnest(\(found.map(\.0)), \(found.map(\.1)), \(cutoffs)) AS w(athlete_id, object_id, cutoff)
            JOIN bronze_strava.answer a USING (athlete_id, object_id)
            WHERE a.source_id = 1 AND a.endpoint IN (1, 2, 3, 6)
            ORDER BY a.athlete_id, a.object_id, a.endpoint FOR UPDATE OF a)
        DELETE FROM bronze_strava.answer a
        USING (SELECT DISTINCT athlete_id, object_id FROM held WHERE is_old) AS o
        WHERE a.athlete_id = o.athlete_id AND a.source_id = 1 AND a.endpoint IN (1, 2, 3, 6) AND a.object_id = o.object_id
        """
    }

    private func removeVersions(_ found: [(AthleteID, Int64)]) -> SQL {
        """
        WITH held AS (
            SELECT \(raw: Self.versionKey)
            FROM unnest(\(found.map(\.0)), \(found.map(\.1))) AS w(athlete_id, object_id)
            JOIN bronze_strava.answer_version v USING (athlete_id, object_id)
            WHERE v.source_id = 1 AND v.endpoint IN (1, 2, 3, 6)
            ORDER BY \(raw: Self.versionKey) FOR UPDATE OF v)
        \(raw: Self.deleteHeldVersions)
        """
    }

    /// Bytes of quarantined list elements.
    private func bodies(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let rows = try await connection.query(QuarantineTable.removeBodies(before: cutoff, countMax: Self.batchMax))
        return RetentionReport(answers: rows.affected)
    }

    /// What events said about activities, such as their titles. That they came is kept longer.
    private func eventTexts(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let rows = try await connection.query(EventTable.removeUpdates(receivedBefore: cutoff, countMax: Self.batchMax))
        return RetentionReport(answers: rows.affected)
    }

    /// - Parameter age: the column that tells the age.
    private func versions(_ connection: Connection, _ age: String, ofAPI: Bool, before cutoff: Date) async throws -> RetentionReport {
        let rows = try await connection.query(
            """
            WITH held AS (
                SELECT \(raw: Self.versionKey) FROM bronze_strava.answer_version v
                WHERE \(raw: ofAPI ? "v.source_id = 1 AND " : "")v.\(raw: age) < \(cutoff) LIMIT \(Self.batchMax) FOR UPDATE SKIP LOCKED)
            \(raw: Self.deleteHeldVersions)
            """)
        return RetentionReport(versions: rows.affected)
    }

    static let versionKey = "v.athlete_id, v.source_id, v.endpoint, v.object_id, v.version_id"
    static let deleteHeldVersions = """
        DELETE FROM bronze_strava.answer_version v USING held AS h
        WHERE v.athlete_id = h.athlete_id AND v.source_id = h.source_id AND v.endpoint = h.endpoint AND v.object_id = h.object_id
          AND v.version_id = h.version_id
        """
}

extension RetentionQueries {
    /// Removes profile, zones, stats and gear, from silver too, and has figures that depend on them computed without them. Profile, zones and
    /// stats are then fetched again, as a fresh copy; gear when it is used.
    func ownObjects(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let old = try await connection.query(
            """
            SELECT w.athlete_id, w.endpoint, w.object_id FROM bronze_strava.answer w \(raw: Self.sharingAthlete)
            WHERE w.source_id = 1 AND w.fetched_at < \(cutoff) AND w.endpoint IN (4, 5, 7, 8) AND \(raw: Self.isStaying)
            ORDER BY w.fetched_at LIMIT \(Self.batchMax)
            """
        ).map { try $0.decode(AthleteID.self, Int16.self, Int64.self) }
        if old.isEmpty { return RetentionReport() }
        let removed = try await connection.pipeline([RowLock.silver(of: Array(Set(old.map(\.0))).sorted()), remove(old, before: cutoff)])
        let gone = try removed[1].map { try $0.decode(AthleteID.self, Int16.self, Int64.self) }
        let objects = gone.compactMap { athlete, endpoint, id in
            BronzeEndpoint(rawValue: endpoint)?.objectKind.map { (athlete: athlete, kind: $0, answerID: id) }
        }
        let profiles = gone.filter { $0.1 == BronzeEndpoint.athlete.rawValue }.map(\.0)
        let athletes = Array(Set(gone.map(\.0))).sorted()
        let rows = try await connection.pipeline(
            [removeVersions(of: athletes, before: cutoff), AthleteObjectTable.expire(objects, reason: Self.reason), forget(profiles)]
                + removeFacts(of: athletes, before: cutoff) + [
                    TransformWorkTable.add(athletes.map { ($0, 0) }, now: now), "SELECT pg_notify('silver', '')",
                ])
        return RetentionReport(answers: gone.count, versions: rows[0].affected)
    }

    /// Looks at the age again under the lock: an answer that a landing renewed meanwhile stays.
    private func remove(_ old: [(AthleteID, Int16, Int64)], before cutoff: Date) -> SQL {
        """
        WITH held AS (
            SELECT a.athlete_id, a.endpoint, a.object_id
            FROM unnest(\(old.map(\.0)), \(old.map(\.1)), \(old.map(\.2))) AS w(athlete_id, endpoint, object_id)
            JOIN bronze_strava.answer a USING (athlete_id, endpoint, object_id)
            WHERE a.source_id = 1 AND a.fetched_at < \(cutoff)
            ORDER BY a.athlete_id, a.object_id, a.endpoint FOR UPDATE OF a)
        DELETE FROM bronze_strava.answer a USING held AS h
        WHERE a.athlete_id = h.athlete_id AND a.source_id = 1 AND a.endpoint = h.endpoint AND a.object_id = h.object_id
        RETURNING a.athlete_id, a.endpoint, a.object_id
        """
    }

    /// Keeps the athlete's key, to which other tables refer.
    private func forget(_ athletes: [AthleteID]) -> SQL {
        """
        UPDATE silver.athlete SET username = NULL, first_name = NULL, last_name = NULL, city = NULL, state = NULL, country = NULL, sex = NULL,
            weight_kg = NULL, ftp_w = NULL, measurement_system = NULL, is_subscriber = NULL, joined_at = NULL, profile_url = NULL,
            bio = NULL, athlete_type = NULL, follower_count = NULL, friend_count = NULL, strava_updated_at = NULL, transform_version = 0, src_sha256 = NULL, updated_at = \(now)
        WHERE athlete_id = ANY (\(athletes)) AND source_id = 1
        """
    }

    private func removeVersions(of athletes: [AthleteID], before cutoff: Date) -> SQL {
        """
        WITH held AS (
            SELECT \(raw: Self.versionKey) FROM bronze_strava.answer_version v
            WHERE v.athlete_id = ANY (\(athletes)) AND v.source_id = 1 AND v.endpoint IN (4, 5, 7, 8) AND v.valid_from < \(cutoff)
            ORDER BY \(raw: Self.versionKey) FOR UPDATE OF v)
        \(raw: Self.deleteHeldVersions)
        """
    }

    private func removeFacts(of athletes: [AthleteID], before cutoff: Date) -> [SQL] {
        [
            "DELETE FROM silver.athlete_finding WHERE athlete_id = ANY (\(athletes)) AND source_id = 1",
            "DELETE FROM silver.athlete_history WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND valid_from < \(cutoff)",
            """
            DELETE FROM silver.athlete_zone_set
            WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND (NOT is_default OR metric = 'power') AND valid_from < \(cutoff)
            """,
            """
            DELETE FROM silver.athlete_threshold
            WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND origin IN ('strava', 'estimate') AND valid_from < \(cutoff)
            """,
            """
            DELETE FROM silver.activity_zone t
            WHERE t.athlete_id = ANY (\(athletes)) AND t.source_id = 1 AND t.metric = 'power' AND NOT EXISTS (
                SELECT FROM silver.athlete_zone_set z
                WHERE z.athlete_id = t.athlete_id AND z.source_id = t.source_id AND z.metric = t.metric)
            """,
            "DELETE FROM silver.gear_item WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND updated_at < \(cutoff)",
            """
            DELETE FROM silver.athlete_stats t
            WHERE t.athlete_id = ANY (\(athletes)) AND t.source_id = 1 AND NOT EXISTS (
                SELECT FROM bronze_strava.answer a
                WHERE a.athlete_id = t.athlete_id AND a.source_id = t.source_id AND a.endpoint = 8 AND a.object_id = t.athlete_id)
            """,
            // Read again, because their findings are deleted above.
            "UPDATE silver.athlete_stats SET transform_version = 0 WHERE athlete_id = ANY (\(athletes)) AND source_id = 1",
        ]
    }
}
