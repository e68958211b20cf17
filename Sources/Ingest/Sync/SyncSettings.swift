import Foundation

/// Bounds and intervals of the sync. Times are in seconds.
public struct SyncSettings: Sendable {
    /// Athletes in work at once, by priority (`lanes`). A turn mostly waits for the governor or Strava, so it costs memory, not load. Each kind
    /// has its own places, so that a long queue of history never shuts out new activities.
    public var urgentPlaces = 16
    public var ordinaryPlaces = 32
    public var historyPlaces = 16
    /// Calls in one turn before the athlete goes back into the line. With all history places taken, the line still moves on within a quarter
    /// hour under a limit of 600.
    public var requestsPerTurnMax = 100
    /// The same of the turn's own priority while others of it are due: one activity, so that all progress alike. 10,000 athletes share about 20
    /// calls a week each.
    public var requestsPerTurnShared = 2
    /// Calls of all turns that are at Strava, or answered and not yet landed: the most that a crash costs, and the number of bodies in memory (at
    /// most 64 MB each, as a rule below 1 MB).
    public var callsInFlight = 32
    /// The same for one athlete, eight activities' worth; fewer when many turns in work share `callsInFlight`.
    public var callsInFlightPerAthlete = 16
    /// Time between two looks at an active athlete's list, in seconds.
    public var listInterval_s: Double = 900
    /// Longest time between two reads of the athlete's own profile and stats, in seconds.
    public var profileInterval_s: Double = 7 * 86_400
    /// The same for the profile of an athlete with a new activity; longer for all when there are many (`SyncPace`).
    public var profileIntervalMin_s: Double = 86_400
    /// Whether Strava's own zones of each activity are fetched: one more call for each.
    public var fetchesActivityZones = false
    /// Share of the day's calls for looks; with more athletes than that allows, all intervals widen.
    public var listShare = 0.4
    /// Longest and shortest time between two walks over the whole list, which find late uploads, edits and deletions, in seconds. In
    /// between the budget decides (`SyncPace`).
    public var walkInterval_s: Double = 7 * 86_400
    public var walkIntervalMin_s: Double = 86_400
    /// Least time between two looks that reach back behind the newest known start, in seconds.
    public var lookBackInterval_s: Double = 6 * 3_600
    /// How long after its start an activity may come to Strava and still be found by them: devices synced late, and hidden starts, which
    /// Strava sets to the beginning of the day. In seconds.
    public var lookBack_s: Double = 2 * 86_400
    /// Factor on the interval between looks while Strava's events announce new activities.
    public var eventStretch: Double = 4
    /// How long events are kept, in seconds.
    public var eventsKept_s: Double = 30 * 86_400
    /// How long a claim holds without being renewed, in seconds; renewed at a third of it.
    public var lease_s: Double = 120
    /// Time between two looks at the schedule when nothing wakes the scheduler, in seconds.
    public var tick_s: Double = 1
    /// How long `sync.run` remembers a turn, in seconds; shared turns are short and many.
    public var runsKept_s: Double = 30 * 86_400
    /// How many of a new athlete's newest activities are fetched before the rest of the list is walked.
    public var newestFirstCount = 30

    /// What is fetched of the past, and in which order.
    public var history = HistoryChoice.full

    /// For trials: only this many of each athlete's newest activities are fetched; the others are listed and wait. Nil: all.
    public var sampleCount: Int?

    public init() {}

    /// Strava's policy wants a deletion mirrored within 48 hours (docs/strava-api.md 5). A walk finds it, and the second look and the removal need
    /// some of that time. In seconds.
    private static let walkIntervalMirroring_s: Double = 36 * 3_600

    /// Walks often enough for that, as far as the budget allows; events tell of deletions at once.
    public mutating func mirrorDeletions() { walkInterval_s = min(walkInterval_s, Self.walkIntervalMirroring_s) }

    /// Shares out the places: a quarter for what is urgent, a quarter for history, the rest for ordinary work; at least one each.
    public init(athletesInWork: Int) {
        urgentPlaces = max(1, athletesInWork / 4)
        historyPlaces = urgentPlaces
        ordinaryPlaces = max(1, athletesInWork - urgentPlaces - historyPlaces)
    }

    /// Priorities of `sync.schedule`, and how many athletes of them are in work at most.
    package var lanes: [(priorities: ClosedRange<Int>, places: Int)] {
        [(0...1, urgentPlaces), (2...3, ordinaryPlaces), (4...4, historyPlaces)]
    }
}

/// What is fetched of activities of the past. Recent ones always get both, detail and streams.
public enum HistoryChoice: String, Sendable, Codable, CaseIterable {
    /// Detail and streams together, newest activity first.
    case full
    /// The streams of all activities, then the details: curves for twice as many activities with the same number of calls.
    case streamsFirst = "streams-first"
    /// Only the streams; details stay missing until another choice is made.
    case streamsOnly = "streams-only"

    /// The ledger's reason for details of the past that are not wanted.
    package static let notWantedReason = "not wanted: FITNESSD_HISTORY=streams-only"
    /// What started less than this ago, in seconds, is not of the past.
    package static let new_s: Double = 7 * 86_400
}
