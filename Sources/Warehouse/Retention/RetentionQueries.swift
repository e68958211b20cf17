import Core
import Database
import Foundation
import SyncStore

/// Removes one batch and answers what went; nothing: there is no more.
typealias RetentionStep = @Sendable (Connection) async throws -> RetentionReport

/// The statements of the retention. Rows are locked in the order of `RowLock`.
struct RetentionQueries: Sendable {
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
                { try await activities($0, before: cutoff) }, { try await ownObjects($0, before: cutoff) },
                { try await bodies($0, before: cutoff) }, { try await versions($0, "valid_from", ofAPI: true, before: cutoff) },
            ]
        }
        let versionCutoff = policy.versionCutoff(now: now)
        return steps + [{ try await versions($0, "valid_to", ofAPI: false, before: versionCutoff) }]
    }

    /// An activity goes as a whole when one of its answers is too old: its row in silver is made of all of them. The silver runner finds
    /// nothing left in bronze, and takes it out of silver and of all that was summed up from it.
    private func activities(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let found = try await connection.query(
            """
            SELECT DISTINCT athlete_id, object_id FROM (
                SELECT athlete_id, object_id FROM bronze_strava.answer
                WHERE source_id = 1 AND fetched_at < \(cutoff) AND endpoint IN (1, 2, 3, 6) ORDER BY fetched_at LIMIT \(Self.batchMax)
            ) AS old ORDER BY athlete_id, object_id
            """
        ).map { try $0.decode(AthleteID.self, Int64.self) }
        if found.isEmpty { return RetentionReport() }
        let rows = try await connection.pipeline([
            TransformWorkTable.add(found, now: now), remove(found, before: cutoff), removeVersions(found),
            CompletenessTable.expire(found, reason: Self.reason, now: now), "SELECT pg_notify('silver', '')",
        ])
        return RetentionReport(activities: found.count, answers: rows[1].affected, versions: rows[2].affected)
    }

    /// Looks at the age again under the lock: an answer that a landing renewed meanwhile stays, with all of its activity.
    private func remove(_ found: [(AthleteID, Int64)], before cutoff: Date) -> SQL {
        """
        WITH held AS MATERIALIZED (
            SELECT a.athlete_id, a.object_id, a.fetched_at
            FROM unnest(\(found.map(\.0)), \(found.map(\.1))) AS w(athlete_id, object_id)
            JOIN bronze_strava.answer a USING (athlete_id, object_id)
            WHERE a.source_id = 1 AND a.endpoint IN (1, 2, 3, 6)
            ORDER BY a.athlete_id, a.object_id, a.endpoint FOR UPDATE OF a)
        DELETE FROM bronze_strava.answer a
        USING (SELECT DISTINCT athlete_id, object_id FROM held WHERE fetched_at < \(cutoff)) AS o
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

    /// Bytes of list elements that were set aside.
    private func bodies(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let rows = try await connection.query(QuarantineTable.removeBodies(before: cutoff, countMax: Self.batchMax))
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
