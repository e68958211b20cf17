import Core
import Database
import Foundation
import SyncStore

extension RetentionQueries {
    /// Profile, zones and gear go, in silver too, and what was worked out from them is worked out without them. The profile and the zones are
    /// then asked for again, as a fresh copy; gear when it is used.
    func ownObjects(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let old = try await connection.query(
            """
            SELECT athlete_id, endpoint, object_id FROM bronze_strava.answer
            WHERE source_id = 1 AND fetched_at < \(cutoff) AND endpoint IN (4, 5, 7) ORDER BY fetched_at LIMIT \(Self.batchMax)
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

    /// Leaves the athlete's key, on which the other tables hang.
    private func forget(_ athletes: [AthleteID]) -> SQL {
        """
        UPDATE silver.athlete SET username = NULL, first_name = NULL, last_name = NULL, city = NULL, state = NULL, country = NULL, sex = NULL,
            weight_kg = NULL, ftp_w = NULL, measurement_system = NULL, is_subscriber = NULL, joined_at = NULL, profile_url = NULL,
            transform_version = 0, src_sha256 = NULL, updated_at = \(now)
        WHERE athlete_id = ANY (\(athletes)) AND source_id = 1
        """
    }

    private func removeVersions(of athletes: [AthleteID], before cutoff: Date) -> SQL {
        """
        WITH held AS (
            SELECT \(raw: Self.versionKey) FROM bronze_strava.answer_version v
            WHERE v.athlete_id = ANY (\(athletes)) AND v.source_id = 1 AND v.endpoint IN (4, 5, 7) AND v.valid_from < \(cutoff)
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
            DELETE FROM silver.activity_zone t
            WHERE t.athlete_id = ANY (\(athletes)) AND t.source_id = 1 AND t.metric = 'power' AND NOT EXISTS (
                SELECT FROM silver.athlete_zone_set z
                WHERE z.athlete_id = t.athlete_id AND z.source_id = t.source_id AND z.metric = t.metric)
            """,
            "DELETE FROM silver.gear_item WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND updated_at < \(cutoff)",
        ]
    }
}
