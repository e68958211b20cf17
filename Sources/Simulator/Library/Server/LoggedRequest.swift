import Core
import Foundation

/// One request as the simulator remembers it; secrets are left out of the query.
public struct LoggedRequest: Sendable {
    /// 1 for the first request since the start.
    public let number: Int
    public let method: String
    public let path: String
    public let query: String
    /// A name from a closed set: `activities`, `activity`, `streams`, `token`, …
    public let endpoint: String
    /// Whose token it was, when it was one of ours.
    public let athlete: AthleteID?
    /// The activity asked for, if it was about one.
    public let activity: ActivityID?
    /// What was answered; 0 when the connection was reset instead.
    public let status: Int
    /// When it arrived, on the simulator's clock.
    public let receivedAt: Date
    public let tokenPlace: TokenPlace
    /// A request that Strava's rate limit counted.
    public let isCounted: Bool
}
