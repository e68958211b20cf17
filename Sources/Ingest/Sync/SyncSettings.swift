import Foundation

/// How much works at once, and how often. Times are seconds; each bound says what it protects.
public struct SyncSettings: Sendable {
    /// Places for athletes in work at once, by what they are in work for. A turn mostly waits (for the governor, for Strava), so a place
    /// costs memory, not load; each kind has its own, so that a long queue of history never shuts out what is new.
    public var urgentPlaces = 16
    public var ordinaryPlaces = 32
    public var historyPlaces = 16
    /// Requests in one turn before the athlete goes back into the line: with all history places at work, the line moves on within a
    /// quarter hour under Strava's old limit of 600.
    public var requestsPerTurnMax = 100
    /// The same while others of the same priority wait for a place: one activity, so that all of them get on alike. 10,000 athletes
    /// share some 20 calls a week each.
    public var requestsPerTurnShared = 2
    /// Calls of all turns that are at Strava, or answered and not yet landed: what a crash costs at most, and how many answers are in memory.
    public var callsInFlight = 32
    /// The same for one athlete: 8 activities. Fewer when many turns are in work, which share `callsInFlight`.
    public var callsInFlightPerAthlete = 16
    /// Time between two looks at an active athlete's list, in seconds.
    public var listInterval_s: Double = 900
    /// Time between two reads of the athlete's own profile, in seconds.
    public var profileInterval_s: Double = 7 * 86_400
    /// Share of the day's calls that looks at the lists may take; with more athletes than that allows, everybody's interval widens.
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
    /// How much less often lists are looked at while Strava's events tell what is new.
    public var eventStretch: Double = 4
    /// How long events are kept, in seconds.
    public var eventsKept_s: Double = 30 * 86_400
    /// How long a claim holds without being renewed, in seconds; renewed at a third of it.
    public var lease_s: Double = 120
    /// Time between two looks at the schedule when nothing wakes the scheduler, in seconds.
    public var tick_s: Double = 1
    /// How long `sync.run` remembers a turn, in seconds; shared turns are short and many.
    public var runsKept_s: Double = 30 * 86_400
    /// A new athlete's newest activities, fetched before the rest of the list is walked.
    public var newestFirstCount = 30

    /// Of each athlete only the newest activities, this many, for trying things out; the others are listed and wait. Nil: all.
    public var sampleCount: Int?

    public init() {}

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
