import Core
import Foundation

/// One read of Strava's API.
public enum StravaCall: Sendable, Equatable {
    case athlete
    /// A page of the athlete's activities; `page` counts from 1, `perPage` is 200 at most. `after` and `before` bound `start_date` and are
    /// sent in whole seconds. With `after` alone Strava lists the oldest first, else the newest.
    case activities(page: Int, perPage: Int = 200, after: Date? = nil, before: Date? = nil)
    case activity(ActivityID)
    case streams(ActivityID, keys: [StreamKey] = StreamKey.allCases)
    case activityZones(ActivityID)
    case athleteZones
    /// Totals of the athlete, who must be the token's own. They count activities that everyone may see, and no others.
    case athleteStats(AthleteID)
    case gear(String)

    /// All values of `endpointName`.
    static let endpointNames = [
        "athlete", "activities", "activity", "streams", "activity_zones", "athlete_zones", "athlete_stats", "gear",
    ]

    /// A name of a closed set, for metrics and logs.
    public var endpointName: String {
        switch self {
        case .athlete: "athlete"
        case .activities: "activities"
        case .activity: "activity"
        case .streams: "streams"
        case .activityZones: "activity_zones"
        case .athleteZones: "athlete_zones"
        case .athleteStats: "athlete_stats"
        case .gear: "gear"
        }
    }

    /// The request as it is stored with its answer: everything after the base address.
    public var pathAndQuery: String {
        switch self {
        case .athlete: "/athlete"
        case .activities(let page, let perPage, let after, let before):
            "/athlete/activities?page=\(page)&per_page=\(perPage)" + Self.bound("after", after) + Self.bound("before", before)
        case .activity(let id): "/activities/\(id)"
        // `keys` is required; without `key_by_type` the answer has another form.
        case .streams(let id, let keys):
            "/activities/\(id)/streams?keys=\(keys.map(\.rawValue).joined(separator: ","))&key_by_type=true"
        case .activityZones(let id): "/activities/\(id)/zones"
        case .athleteZones: "/athlete/zones"
        case .athleteStats(let id): "/athletes/\(id)/stats"
        case .gear(let id): "/gear/\(PercentCoding.encode(id))"
        }
    }

    /// Seconds since 1970: milliseconds would be "in the future" for Strava, which answers 400.
    private static func bound(_ name: String, _ date: Date?) -> String {
        guard let date else { return "" }
        let seconds = date.timeIntervalSince1970.rounded(.down)
        return "&\(name)=\(Int64(exactly: seconds) ?? 0)"
    }

    /// The largest body accepted. Streams of a day-long ride at 1 Hz have about 10 MB, a list page of 200 about 0.4 MB.
    var bodyBytesMax: Int {
        switch self {
        case .streams: 64 << 20
        case .activity: 32 << 20
        case .activities: 16 << 20
        case .athlete, .activityZones, .athleteZones, .athleteStats, .gear: 4 << 20
        }
    }

    /// The bytes with which a body of this call may begin.
    var bodyStarts: [UInt8] {
        switch self {
        case .activities, .activityZones: [UInt8(ascii: "[")]
        // Streams also have an array form; such a body is kept even if the decoder can't read it.
        case .streams: [UInt8(ascii: "{"), UInt8(ascii: "[")]
        case .athlete, .activity, .athleteZones, .athleteStats, .gear: [UInt8(ascii: "{")]
        }
    }
}

/// The eleven streams of an activity, named as Strava names them (docs/strava-api.md 3.4).
public enum StreamKey: String, CaseIterable, Codable, Sendable {
    case time
    case distance
    case latlng
    case altitude
    case velocitySmooth = "velocity_smooth"
    case heartrate
    case cadence
    case watts
    case temp
    case moving
    case gradeSmooth = "grade_smooth"
}

/// A successful answer, with its body as Strava sent it.
public struct StravaAnswer: Sendable {
    public let call: StravaCall
    public let status: Int
    public let body: [UInt8]
    public let rateLimit: RateLimitHeaders?
    /// Strava's own clock (the `Date` header).
    public let serverDate: Date?
    /// Our clock when the answer was complete.
    public let fetchedAt: Date

    public init(
        call: StravaCall, status: Int = 200, body: [UInt8], rateLimit: RateLimitHeaders? = nil, serverDate: Date? = nil,
        fetchedAt: Date
    ) {
        self.call = call
        self.status = status
        self.body = body
        self.rateLimit = rateLimit
        self.serverDate = serverDate
        self.fetchedAt = fetchedAt
    }
}
