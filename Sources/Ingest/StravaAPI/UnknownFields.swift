import CSimdjson
import Core
import Logging
import Synchronization

/// Counts what this version does not know in Strava's answers: fields of the outermost object or of a list's elements, streams, sport types.
/// Nothing else depends on it, since answers are kept as they are. Each is named in the log once.
final class UnknownFields: Sendable {
    /// Names that are remembered; what comes after them is counted and not named.
    private static let namesMax = 200
    /// A name that the log shows: of other characters, or longer, only the count is kept.
    private static let nameBytesMax = 64

    private let named = Mutex<Set<String>>([])
    private let meters: StravaMeters
    private let logger: Logger

    init(_ meters: StravaMeters, _ logger: Logger) {
        self.meters = meters
        self.logger = logger
    }

    /// Looks at an answer whose shape is right. Strava's streams as a list name theirs inside, which is not looked at.
    func look(at answer: StravaAnswer) {
        let found = Self.unknown(in: answer.body, of: answer.call)
        if found.isEmpty { return }
        let endpoint = answer.call.endpointName
        meters.unknown.add(found.values.reduce(0, +), endpoint)
        for name in found.keys.sorted() where isNew("\(endpoint) \(name)") && Self.isPlain(name) {
            logger.log(.notice, "strava sent something that this version does not know; it is kept", [.endpoint: endpoint, .field: name])
        }
    }

    /// Names of fields, or `sport_type=` and a value, with how often each was met.
    static func unknown(in body: [UInt8], of call: StravaCall) -> [String: Int] {
        var finder = Finder(known: KnownFields.of(call))
        let status = withUnsafeMutablePointer(to: &finder) { finder in
            fsj_fields_read(body, body.count, KnownFields.sportType, finder) { context, event, text, length in
                let text = UnsafeRawBufferPointer(start: text, count: length)
                context?.assumingMemoryBound(to: Finder.self).pointee.add(event, text)
            }
        }
        return status == FSJ_OK ? finder.found : [:]
    }

    private struct Finder {
        let known: Set<String>
        var found: [String: Int] = [:]

        mutating func add(_ event: fsj_event, _ text: UnsafeRawBufferPointer) {
            let text = String(decoding: text, as: UTF8.self)
            if event == FSJ_EVENT_KEY {
                if !known.contains(text) { count(text) }
            } else if !KnownFields.sportTypes.contains(text) {
                count("\(KnownFields.sportType)=\(text)")
            }
        }

        private mutating func count(_ name: String) {
            if found.count < UnknownFields.namesMax || found[name] != nil { found[name, default: 0] += 1 }
        }
    }

    private func isNew(_ name: String) -> Bool {
        named.withLock { named in named.count < Self.namesMax && named.insert(name).inserted }
    }

    private static func isPlain(_ name: String) -> Bool {
        name.utf8.count <= nameBytesMax && name.wholeMatch(of: /[A-Za-z0-9_.=\-]+/) != nil
    }
}

/// What this version knows of Strava's answers: the fields of docs/strava-fields.md (a test compares), streams, and sport types.
enum KnownFields {
    static let sportType = "sport_type"

    static func of(_ call: StravaCall) -> Set<String> {
        switch call {
        case .activities, .activity: activity
        case .streams: streams
        case .athlete: profile
        case .gear: gear
        case .athleteStats: stats
        case .athleteZones: zones
        case .activityZones: activityZones
        }
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(whereSeparator: \.isWhitespace).map(String.init)) }

    private static let streams = Set(StreamKey.allCases.map(\.rawValue))

    private static let activity = words(
        """
        achievement_count athlete athlete_count available_zones average_cadence average_heartrate average_speed average_temp
        average_watts best_efforts calories comment_count comments commute description device_name device_watts
        display_hide_heartrate_option distance elapsed_time elev_high elev_low embed_token end_latlng external_id flagged
        from_accepted_tag gear gear_id guid has_gps has_heartrate has_kudoed has_photos heartrate_opt_out hide_from_home
        highlighted_kudosers id kilojoules kudos kudos_count laps leaderboard_opt_out location_city location_country
        location_state manual map max_heartrate max_speed max_watts moving_time name partner_brand_tag perceived_exertion
        photo_count photos pr_count prefer_perceived_exertion private private_note resource_state segment_efforts
        segment_leaderboard_opt_out similar_activities splits_metric splits_standard sport_type start_date start_date_local
        start_latitude start_latlng start_longitude stats_visibility suffer_score timezone total_elevation_gain
        total_photo_count trainer type upload_id upload_id_str utc_offset visibility weighted_average_watts workout_type
        """)

    private static let profile = words(
        """
        agreed_to_terms all_ride_totals all_run_totals all_swim_totals approve_followers athlete_type badge_type_id
        biggest_climb_elevation_gain biggest_ride_distance bikes bio blocked can_follow city clubs country created_at
        date_preference dateofbirth description email email_facebook_twitter_friend_joins email_kom_lost email_language
        email_send_follower_notices facebook_sharing_enabled firstname follower follower_count follower_request_count friend
        friend_count ftp global_privacy id instagram_username lastname max_heartrate measurement_preference
        mutual_friend_count offer_in_app_payment plan postable_clubs_count premium premium_expiration_date profile
        profile_medium profile_original receive_comment_emails receive_follower_feed_emails receive_kudos_emails
        receive_newsletter recent_ride_totals recent_run_totals recent_swim_totals resource_state sample_race_distance
        sample_race_time sex shoes state summit super_user updated_at username weight ytd_ride_totals ytd_run_totals
        ytd_swim_totals
        """)

    private static let gear = words(
        """
        brand_name converted_distance description distance frame_type id model_name name nickname notification_distance
        primary resource_state retired weight
        """)

    private static let stats = words(
        """
        all_ride_totals all_run_totals all_swim_totals biggest_climb_elevation_gain biggest_ride_distance recent_ride_totals
        recent_run_totals recent_swim_totals ytd_ride_totals ytd_run_totals ytd_swim_totals
        """)

    private static let zones = words(
        "heart_rate power")

    private static let activityZones = words(
        "custom_zones distribution_buckets points resource_state score sensor_based type")

    /// Strava's SportType as of May 2026.
    static let sportTypes = words(
        """
        AlpineSki BackcountrySki Badminton Basketball Canoeing Cricket Crossfit Dance EBikeRide EMountainBikeRide Elliptical
        Golf GravelRide Handcycle HighIntensityIntervalTraining Hike IceSkate InlineSkate Kayaking Kitesurf MountainBikeRide
        NordicSki OpenWaterSwim Padel PhysicalTherapy Pickleball Pilates Racquetball Ride RockClimbing RollerSki Rowing Run
        Sail Skateboard Snowboard Snowshoe Soccer Squash StairStepper StandUpPaddling Surfing Swim TableTennis Tennis TrailRun
        Velomobile VirtualRide VirtualRow VirtualRun Volleyball Walk WeightTraining Wheelchair Windsurf Workout Yoga
        """)
}
