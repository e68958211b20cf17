import Foundation

/// An activity that a test adds to an athlete's account: a late upload, a future-dated one, one whose streams are not ready.
public struct NewActivity: Sendable {
    public var startAt: Date
    public var kind: ActivityKind
    public var points: Int
    public var name: String?
    public var visibility: ActivityVisibility
    public var streamsDelay: StreamsDelay?

    public init(
        startAt: Date, kind: ActivityKind = .run, points: Int = 600, name: String? = nil,
        visibility: ActivityVisibility = .everyone, streamsDelay: StreamsDelay? = nil
    ) {
        self.startAt = startAt
        self.kind = kind
        self.points = points
        self.name = name
        self.visibility = visibility
        self.streamsDelay = streamsDelay
    }
}

/// For some minutes after an upload streams are not ready; the answers until then differ (docs/strava-api.md 3.4).
public struct StreamsDelay: Sendable, Equatable {
    public enum EarlyAnswer: Sendable {
        case notFound
        case empty
        /// Only `time` and `distance`.
        case partial
    }

    public let until: Date
    public let answer: EarlyAnswer

    public init(until: Date, answer: EarlyAnswer) {
        self.until = until
        self.answer = answer
    }
}

/// Who may see an activity, in Strava's words.
public enum ActivityVisibility: String, Sendable {
    case everyone
    case followersOnly = "followers_only"
    /// "Only You": not even listed for a token without `activity:read_all`.
    case onlyMe = "only_me"
}
