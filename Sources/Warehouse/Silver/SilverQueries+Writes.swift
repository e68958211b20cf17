import Core
import Database
import Foundation
import Streams
import SyncStore

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
        TransformWorkTable.remove(work.flatMap { work in work.rows.map { (work.athleteID, work.activityID, $0) } })
    }
}
