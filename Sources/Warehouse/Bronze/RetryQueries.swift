import Core
import Database
import Foundation

/// What a retry from the quarantine changes in bronze and silver.
package enum RetryQueries {
    /// Marks activities as made by no version, so that answers which silver has seen are read again. The caller holds `RowLock.silver`.
    package static func reread(_ activities: [Int64], of athlete: AthleteID) -> [SQL] {
        ["activity", "activity_stream"].map { table in
            """
            UPDATE silver.\(raw: table) SET transform_version = 0
            WHERE athlete_id = \(athlete) AND activity_id = ANY (\(activities))
            """
        }
    }

    /// Keeps answers that can't be read as earlier versions only: should Strava send the same bytes again, they are news, and silver looks at
    /// them anew.
    /// - Parameter answers: by endpoint in the quarantine and object.
    package static func setAside(_ answers: [(endpoint: String, objectID: Int64)], of athlete: AthleteID, now: Date) -> [SQL] {
        let numbers: [String: BronzeEndpoint] = [
            "summary": .activitySummary, "detail": .activity, "streams": .streams, "zones": .activityZones, "athlete": .athlete,
        ]
        let keys = answers.compactMap { answer in numbers[answer.endpoint].map { ($0.rawValue, answer.objectID) } }
        if keys.isEmpty { return [] }
        return [
            """
            WITH found AS (
                SELECT a.athlete_id, a.source_id, a.endpoint, a.object_id
                FROM unnest(\(keys.map(\.0)), \(keys.map(\.1))) AS w(endpoint, object_id)
                JOIN bronze_strava.answer a ON a.athlete_id = \(athlete) AND a.source_id = 1 AND a.endpoint = w.endpoint
                    AND a.object_id = w.object_id
                ORDER BY a.athlete_id, a.object_id, a.endpoint FOR UPDATE OF a
            ), aside AS (
                DELETE FROM bronze_strava.answer a USING found f
                WHERE a.athlete_id = f.athlete_id AND a.source_id = f.source_id AND a.endpoint = f.endpoint AND a.object_id = f.object_id
                RETURNING a.*)
            INSERT INTO bronze_strava.answer_version
                (athlete_id, source_id, endpoint, object_id, valid_from, valid_to, request, status, body_bytes, sha256, body)
            SELECT athlete_id, source_id, endpoint, object_id, fetched_at, \(now), request, status, body_bytes, sha256, body FROM aside
            """
        ]
    }
}
