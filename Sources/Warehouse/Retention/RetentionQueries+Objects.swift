import Core
import Database
import Foundation
import SyncStore

extension RetentionQueries {
    /// Profile, zones and gear go, in silver too, and what was worked out from them is worked out without them. The profile and the zones are
    /// then asked for again, as a fresh copy; gear when it is used.
    func ownObjects(_ connection: Connection, before cutoff: Date) async throws -> RetentionReport {
        let gone = try await connection.query(
            """
            DELETE FROM bronze_strava.answer a
            USING (SELECT athlete_id, endpoint, object_id FROM bronze_strava.answer
                   WHERE source_id = 1 AND fetched_at < \(cutoff) AND endpoint IN (4, 5, 7) ORDER BY fetched_at LIMIT \(Self.batchMax)) AS old
            WHERE a.athlete_id = old.athlete_id AND a.source_id = 1 AND a.endpoint = old.endpoint AND a.object_id = old.object_id
              AND a.fetched_at < \(cutoff)
            RETURNING a.athlete_id, a.endpoint, a.object_id
            """
        ).map { try $0.decode(AthleteID.self, Int16.self, Int64.self) }
        if gone.isEmpty { return RetentionReport() }
        let objects = gone.compactMap { athlete, endpoint, id in
            BronzeEndpoint(rawValue: endpoint)?.objectKind.map { (athlete: athlete, kind: $0, answerID: id) }
        }
        let profiles = gone.filter { $0.1 == BronzeEndpoint.athlete.rawValue }.map(\.0)
        let athletes = Array(Set(gone.map(\.0))).sorted()
        let rows = try await connection.pipeline(
            [AthleteObjectTable.expire(objects, reason: Self.reason), forget(profiles), removeVersions(of: athletes, before: cutoff)]
                + removeFacts(of: athletes, before: cutoff) + [
                    TransformWorkTable.add(athletes.map { ($0, 0) }, now: now), "SELECT pg_notify('silver', '')",
                ])
        return RetentionReport(answers: gone.count, versions: rows[2].affected)
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
        DELETE FROM bronze_strava.answer_version
        WHERE athlete_id = ANY (\(athletes)) AND source_id = 1 AND endpoint IN (4, 5, 7) AND valid_from < \(cutoff)
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
