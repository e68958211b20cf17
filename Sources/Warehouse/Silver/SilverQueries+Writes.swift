import Core
import Database
import Foundation
import Streams

/// The statements with which the runner hands the batch to the SQL files, stores arrays, and closes its books.
extension SilverQueries {
    /// Answers for each activity whether its summary and detail became jsonb.
    static func fill(_ activities: [ChangedActivity], _ material: SilverMaterial) -> SQL {
        let details = activities.map { material.text($0.detail) }
        let lapsAreStale = zip(activities, details).map { $0.lapsAreStale && $1 != nil }
        return """
            INSERT INTO changed_activity
            SELECT athlete_id, source_id, activity_id, is_gone, bronze_strava.json_document(summary),
                   bronze_strava.json_document(detail), detail_is_newer, is_stale, laps_are_stale, summary_sha256, detail_sha256,
                   \(TransformVersion.current)
            FROM unnest(
                \(activities.map(\.athleteID)), \(activities.map(\.source)), \(activities.map(\.activityID)),
                \(activities.map(\.isGone)), \(SQLArray(activities.map { material.text($0.summary) })), \(SQLArray(details)),
                \(activities.map(\.detailIsNewer)), \(activities.map(\.isStale)), \(lapsAreStale),
                \(SQLArray(activities.map { $0.summary?.sha256 })), \(SQLArray(activities.map { $0.detail?.sha256 })))
                AS w(athlete_id, source_id, activity_id, is_gone, summary, detail, detail_is_newer, is_stale, laps_are_stale,
                     summary_sha256, detail_sha256)
            RETURNING athlete_id, source_id, activity_id, summary IS NOT NULL, detail IS NOT NULL
            """
    }

    static func fill(_ athletes: [ChangedAthlete], _ material: SilverMaterial) -> SQL {
        """
        INSERT INTO changed_athlete
        SELECT athlete_id, source_id, bronze_strava.json_document(profile), profile_sha256, \(TransformVersion.current)
        FROM unnest(
            \(athletes.map(\.athleteID)), \(athletes.map(\.source)), \(SQLArray(athletes.map { material.text($0.profile) })),
            \(SQLArray(athletes.map { $0.profile?.sha256 })))
            AS w(athlete_id, source_id, profile, profile_sha256)
        RETURNING athlete_id, source_id, profile IS NOT NULL
        """
    }

    /// Stores an activity's arrays, provided that silver has the activity.
    static func store(_ streams: DecodedStreams, of head: AnswerHead) -> SQL {
        let key = head.key
        let facts = StreamFacts(streams)
        return """
            INSERT INTO silver.activity_stream AS t (
                athlete_id, source_id, activity_id, point_count, original_size, series_type, resolution, time_s, distance_m,
                latitude_e6, longitude_e6, altitude_m, velocity_mps, grade_percent, heartrate_bpm, cadence_rpm, power_w, temperature_c,
                moving, short_points, disordered_points, end_distance_m, min_heartrate_bpm, max_heartrate_bpm, transform_version, src_sha256)
            SELECT a.athlete_id, a.source_id, a.activity_id, \(Int32(streams.count)),
                   \(streams.originalSize.map(Int32.init(clamping:)) as Int32?), \(streams.seriesType as String?),
                   \(streams.resolution as String?), \(PackedArray<Int32>(streams[.time])), \(PackedArray<Float>(streams[.distance])),
                   \(PackedArray<Int32>(streams[.latitude], scale: 1e6)), \(PackedArray<Int32>(streams[.longitude], scale: 1e6)),
                   \(PackedArray<Float>(streams[.altitude])), \(PackedArray<Float>(streams[.velocity])),
                   \(PackedArray<Float>(streams[.grade])), \(PackedArray<Int16>(streams[.heartrate])),
                   \(PackedArray<Int16>(streams[.cadence])), \(PackedArray<Int16>(streams[.watts])),
                   \(PackedArray<Int16>(streams[.temperature])), \(PackedArray<Bool>(streams[.moving])),
                   \(Int32(clamping: facts.shortPoints)), \(facts.disorderedPoints.map(Int32.init(clamping:)) as Int32?),
                   \(facts.endDistance_m as Double?), \(facts.minHeartrate_bpm.map(Self.smallint) as Int16?),
                   \(facts.maxHeartrate_bpm.map(Self.smallint) as Int16?),
                   \(TransformVersion.current), \(head.sha256)
            FROM silver.activity a
            WHERE a.athlete_id = \(key.athleteID) AND a.source_id = \(key.source) AND a.activity_id = \(key.objectID)
            \(raw: streamUpdate.clause)
            """
    }

    private static let streamUpdate = Upsert(
        facts: [
            "src_sha256", "transform_version", "point_count", "original_size", "series_type", "resolution", "short_points",
            "disordered_points", "end_distance_m", "min_heartrate_bpm", "max_heartrate_bpm",
        ],
        arrays: [
            "time_s", "distance_m", "latitude_e6", "longitude_e6", "altitude_m", "velocity_mps", "grade_percent", "heartrate_bpm",
            "cadence_rpm", "power_w", "temperature_c", "moving",
        ],
        stamp: "loaded_at")

    /// The nearest smallint: a wild value is still a finding.
    private static func smallint(_ value: Double) -> Int16 { Int16(min(max(value.rounded(), -32768), 32767)) }

    static func done(_ work: [SilverWork]) -> SQL {
        let rows = work.flatMap { work in work.rows.map { (work.athleteID, work.activityID, $0) } }
        return """
            DELETE FROM sync.transform_work t
            USING unnest(\(rows.map(\.0)), \(rows.map(\.1)), \(rows.map(\.2))) AS w(athlete_id, activity_id, work_id)
            WHERE t.athlete_id = w.athlete_id AND t.activity_id = w.activity_id AND t.work_id = w.work_id
            """
    }

    /// Work on which the transform failed before, and that is done now, leaves the quarantine.
    static func freed(_ work: [SilverWork]) -> SQL {
        """
        DELETE FROM sync.quarantine q
        USING unnest(\(work.map(\.athleteID)), \(work.map(\.activityID))) AS w(athlete_id, object_id)
        WHERE q.athlete_id = w.athlete_id AND q.object_id = w.object_id AND q.endpoint = 'silver'
        """
    }

    /// What silver could not read is set aside, and the ledger says so.
    static func setAside(_ unreadable: [SilverMaterial.Unreadable], now: Date) -> [SQL] {
        let keys = unreadable.map(\.key)
        let reason = unreadableReason
        return [
            """
            UPDATE sync.completeness c SET state = 'quarantined', reason = \(reason), next_try_at = NULL, updated_at = \(now)
            FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.objectID)), \(keys.map(\.ledgerName))) AS w(athlete_id, activity_id, endpoint)
            WHERE c.athlete_id = w.athlete_id AND c.activity_id = w.activity_id AND c.endpoint = w.endpoint
            """,
            """
            INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, first_at, last_at)
            SELECT athlete_id, endpoint, object_id, \(reason), detail, \(now), \(now)
            FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.ledgerName)), \(keys.map(\.objectID)), \(unreadable.map(\.reason)))
                AS w(athlete_id, endpoint, object_id, detail)
            ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
                reason = excluded.reason, detail = excluded.detail, attempts = q.attempts + 1, last_at = excluded.last_at
            """,
        ]
    }

    /// What silver can read now, and could not before, leaves the quarantine.
    static func free(_ keys: [AnswerKey], now: Date) -> SQL {
        """
        WITH freed AS (
            DELETE FROM sync.quarantine q
            USING unnest(\(keys.map(\.athleteID)), \(keys.map(\.ledgerName)), \(keys.map(\.objectID))) AS w(athlete_id, endpoint, object_id)
            WHERE q.athlete_id = w.athlete_id AND q.object_id = w.object_id
              AND (q.endpoint = w.endpoint AND q.reason = \(unreadableReason) OR q.endpoint = 'silver')
            RETURNING q.athlete_id, q.endpoint, q.object_id
        )
        UPDATE sync.completeness c SET state = 'landed', reason = NULL, updated_at = \(now)
        FROM freed f
        WHERE c.athlete_id = f.athlete_id AND c.activity_id = f.object_id AND c.endpoint = f.endpoint
          AND c.state = 'quarantined' AND c.reason = \(unreadableReason)
        """
    }

    /// The whole activity is set aside: the transform fails on it. What sums over the athlete's other activities may have waited for it, and
    /// is done with the athlete's own objects.
    static func setAside(_ work: SilverWork, detail: String, now: Date) -> [SQL] {
        [
            done([work]),
            """
            INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
            SELECT \(work.athleteID), 0, \(now) WHERE \(work.activityID) <> 0
            """,
            """
            INSERT INTO sync.quarantine AS q (athlete_id, endpoint, object_id, reason, detail, first_at, last_at)
            SELECT athlete_id, 'silver', \(work.activityID), 'transform_failed', \(detail), \(now), \(now)
            FROM sync.athlete WHERE athlete_id = \(work.athleteID)
            ON CONFLICT (athlete_id, endpoint, object_id) DO UPDATE SET
                reason = excluded.reason, detail = excluded.detail, attempts = q.attempts + 1, last_at = excluded.last_at
            """,
        ]
    }

    private static let unreadableReason = "unreadable_answer"
}
