import Foundation

/// How much works at once, and how often. Times are seconds; each bound says what it protects.
public struct SyncSettings: Sendable {
    /// Athletes in work at once. A turn mostly waits (for the governor, for Strava), so this bounds memory, not load.
    public var workersMax = 16
    /// Further places that only connect, manual and live work may take, so that a long queue of history never shuts them out.
    public var urgentWorkersMax = 8
    /// Requests in one turn before the athlete goes back into the line.
    public var requestsPerTurnMax = 400
    /// Time between two looks at an active athlete's list, in seconds.
    public var listInterval_s: Double = 900
    /// Time between two reads of the athlete's own profile, in seconds.
    public var profileInterval_s: Double = 7 * 86_400
    /// Time between two walks over the whole list, which find late uploads, edits and deletions, in seconds.
    public var walkInterval_s: Double = 7 * 86_400
    /// How far an incremental list looks back behind the newest known start: devices synced late, starts corrected. In seconds.
    public var lookBack_s: Double = 86_400
    /// How long a claim holds without being renewed, in seconds; renewed at a third of it.
    public var lease_s: Double = 120
    /// Time between two looks at the schedule when nothing wakes the scheduler, in seconds.
    public var tick_s: Double = 1
    /// A new athlete's newest activities, fetched before the rest of the list is walked.
    public var newestFirstCount = 30

    public init() {}
}
