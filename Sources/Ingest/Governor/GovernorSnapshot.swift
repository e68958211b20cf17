import Foundation

/// The governor's state at one instant, for `status`, `fitnessctl limits` and metrics.
public struct GovernorSnapshot: Sendable, Codable, Equatable {
    public let at: Date
    /// The quarter hour, then the day.
    public let windows: [WindowSnapshot]
    /// Calls permitted and not yet settled.
    public let inFlight: Int
    /// Calls waiting, by class name.
    public let waiting: [String: Int]
    /// Calls permitted since start, by class name.
    public let granted: [String: Int]
    public let circuit: CircuitSnapshot
    /// When the next waiting call may go; nil when no call waits, or when it depends on a call in flight.
    public let waitingUntil: Date?
    public let waitingReason: WaitReason?
    public let policy: DayPolicy
    /// Strava's clock minus this machine's, in seconds; nil before the first answer with a date.
    public let clockOffset_s: Double?
}

/// One window of the quota.
public struct WindowSnapshot: Sendable, Codable, Equatable {
    public let span: QuotaSpan
    public let startsAt: Date
    public let resetsAt: Date
    /// The smaller of the overall and the read limit.
    public let limit: Int
    public let overallLimit: Int
    /// Nil until an answer names one.
    public let readLimit: Int?
    /// Calls that count as used: ours, other instances', foreign ones.
    public let used: Int
    /// Calls that others certainly made with the same application, by the headers.
    public let foreign: Int
    /// Calls of this process in flight.
    public let reserved: Int
    /// Calls taken from the ledger and not yet permitted.
    public let leased: Int
    /// Free calls that are kept for urgent ones now.
    public let kept: Int
    /// Strava refused a call in this window (429), or the database was restored in it: no call goes before it ends.
    public let exhausted: Bool
}

/// The state of the circuit between the daemon and Strava.
public struct CircuitSnapshot: Sendable, Codable, Equatable {
    public enum State: String, Sendable, Codable { case closed, open, probing }
    public let state: State
    public let reason: ApplicationTrouble?
    public let until: Date?
}

/// What the next waiting call waits for.
public enum WaitReason: String, Sendable, Codable, CaseIterable {
    /// The quota ledger is asked for calls, or does not reply.
    case ledger
    /// So close to a window's edge that the window in which a call would arrive is uncertain.
    case windowEdge = "window_edge"
    /// The first call of a window shows what others have spent; other calls wait for its answer.
    case scouting
    /// Calls in flight may have used all that is left; their answers will show.
    case answers
    case quarterSpent = "quarter_spent"
    case daySpent = "day_spent"
    /// What is left of the quarter hour or the day is kept for urgent calls.
    case reserve
    /// The day's budget is spread over the day.
    case dayPace = "day_pace"
    /// The limits that Strava named are implausible; one call a quarter hour checks them.
    case limitsInDoubt = "limits_in_doubt"
    /// The database was restored from a backup: no call goes in that quarter hour, then one at a time until a header shows what was spent since.
    case restored
    /// Strava refused a call in this window.
    case rateLimited = "rate_limited"
    /// The circuit is open.
    case circuitOpen = "circuit_open"
    /// One call checks whether the trouble is over.
    case circuitProbing = "circuit_probing"
}
