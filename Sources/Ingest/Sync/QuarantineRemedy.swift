import Core
import SyncStore
import Warehouse

/// What helps something that was set aside. Pure.
public enum QuarantineRemedy: Sendable, Equatable {
    /// Strava is asked again for this endpoint of the activity.
    case fetch(CompletenessEndpoint, ActivityID)
    /// Silver is made again from the answer that is here; 0 stands for the athlete's own objects.
    case transform(activityID: Int64)
    /// Strava is asked again for the athlete's profile.
    case fetchProfile
    /// Strava is asked again for the athlete's profile, zones, or one gear.
    case fetchObject(AthleteObject.Kind, answerID: Int64)
    /// The whole list is walked again: one of its elements could not be read.
    case walk
    /// What the last walk did not name is asked for by its number; only a 404 there removes it.
    case lookAgain

    public init(endpoint: String, objectID: Int64) {
        switch endpoint {
        case "silver": self = .transform(activityID: objectID)
        case "list": self = .lookAgain
        case "athlete": self = .fetchProfile
        default:
            if let kind = AthleteObject.Kind(rawValue: endpoint) {
                self = .fetchObject(kind, answerID: objectID)
            } else if let endpoint = CompletenessEndpoint(rawValue: endpoint), endpoint != .summary {
                self = .fetch(endpoint, ActivityID(objectID))
            } else {
                self = .walk
            }
        }
    }

    /// A snake_case word of a closed set.
    public var name: String {
        switch self {
        case .fetch, .fetchProfile, .fetchObject: "fetch"
        case .transform: "transform"
        case .walk: "walk"
        case .lookAgain: "look_again"
        }
    }
}
