import Core
import SyncStore

/// What a retry of a quarantined item does. Pure.
public enum QuarantineRemedy: Sendable, Equatable {
    /// Fetch this endpoint of the activity again.
    case fetch(CompletenessEndpoint, ActivityID)
    /// Make silver again from the stored answer; 0 stands for the athlete's own objects.
    case transform(activityID: Int64)
    /// Fetch the athlete's profile again.
    case fetchProfile
    /// Fetch the athlete's profile, zones, stats or one piece of gear again.
    case fetchObject(AthleteObject.Kind, answerID: Int64)
    /// Walk the whole list again: one of its elements could not be read.
    case walk
    /// Fetch each activity that the last walk did not list, by its id; only a 404 removes it.
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
