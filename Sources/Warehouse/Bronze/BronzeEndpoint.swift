import SyncStore

/// Kinds of API objects in `bronze_strava.answer`; the numbers are stored, so they never change (table `bronze_strava.endpoint`).
public enum BronzeEndpoint: Int16, CaseIterable, Sendable {
    /// One element of a list page, not the page.
    case activitySummary = 1
    case activity = 2
    case streams = 3
    case athlete = 4
    case athleteZones = 5
    case activityZones = 6
    case gear = 7

    /// Whether the object's id is an activity's id; the others belong to the athlete.
    public var isOfActivity: Bool {
        switch self {
        case .activitySummary, .activity, .streams, .activityZones: true
        case .athlete, .athleteZones, .gear: false
        }
    }

    /// The name under which `metrics.metrics` counts it.
    var metricsName: String {
        switch self {
        case .activitySummary: "activity_summary"
        case .activity: "activity"
        case .streams: "streams"
        case .athlete: "athlete_summary"
        case .athleteZones: "athlete_zones"
        case .activityZones: "activity_zones"
        case .gear: "gear"
        }
    }

    /// The athlete's own object of this kind; nil for answers about activities.
    var objectKind: AthleteObject.Kind? { AthleteObject.Kind.allCases.first { $0.endpoint == self } }
}

/// Where a row comes from (table `bronze_strava.source`).
public enum DataSource: Int16, Sendable {
    case stravaAPI = 1
    case stravaArchive = 2
    case file = 3
}

extension AthleteObject.Kind {
    var endpoint: BronzeEndpoint {
        switch self {
        case .profile: .athlete
        case .zones: .athleteZones
        case .gear: .gear
        }
    }
}

extension AthleteObject {
    public var endpoint: BronzeEndpoint { kind.endpoint }
}
