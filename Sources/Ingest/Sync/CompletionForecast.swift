import Algorithms
import Core
import Foundation
import Governor

/// What one athlete still needs, for forecasts.
public struct AthleteWork: Sendable, Equatable {
    /// Calls missing for listed activities.
    public var missing: Int
    /// Listed activities, and those of them that started in the last 28 days.
    public var listed: Int
    public var recent: Int
    /// The list has been read to its end.
    public var hasWalked: Bool
    /// The share of the athletes who wait for a turn with history whose turn comes before this one's, from 0 to 1.
    public var ahead: Double

    public init(missing: Int, listed: Int, recent: Int, hasWalked: Bool, ahead: Double = 0.5) {
        self.ahead = ahead
        self.missing = missing
        self.listed = listed
        self.recent = recent
        self.hasWalked = hasWalked
    }
}

/// When histories will be here if nobody new comes. Pure.
///
/// It follows the scheduler's and the governor's rules with calls as fractions. What comes first takes what it needs: looks, walks, profiles,
/// new activities, and the lists and newest activities of athletes whose list is not fully read; history gets its trickle meanwhile, and then
/// all else. Athletes with history take turns of the same size, and who has just been listed goes to the end of the line. After a time all have
/// had the same number of turns, the *level*, and whoever needed no more than that is complete.
public struct CompletionForecast: Sendable {
    /// Beyond it, in seconds, the last rate is continued.
    public static let horizon_s = 400 * 86_400.0
    /// A century: what takes longer at the rate until the horizon is not foreseeable.
    static let foreseeable_s = 100 * 365 * 86_400.0
    private static let day_s = 86_400.0
    /// How long a call takes, there and back and landed, in seconds.
    private static let call_s = 0.6
    /// Demand from which the governor takes it as unknown, as in `ScheduleQueries.knownDemand`.
    private static let demandMax = 100_000.0
    /// Calls of a new athlete besides activities: pages of the list, profile, zones and stats.
    private static let arrivalCalls = 6.0
    /// Fewer known histories than this say nothing about unknown ones.
    private static let samplesMin = 5
    /// History of an athlete of whom nothing is known, in calls.
    private static let unknownCalls = 600.0
    /// The share of history while anything that comes first waits, as `FairQueue.trickle` has it: a tenth of all other calls.
    private static let trickle = 0.1 / 1.1

    /// The level that histories have reached, in calls of each athlete, by seconds from now; both rise.
    private var times_s: [Double] = [0]
    private var levels: [Double] = [0]
    /// Seconds until the last known history is complete, and what comes first is done.
    public private(set) var all_s = 0.0
    /// Seconds until what comes first is done.
    public private(set) var first_s = 0.0
    /// Calls missing for all known histories.
    public let callsLeft: Int
    /// Athletes whose list is not fully read.
    public let unreadLists: Int

    /// - Parameters:
    ///   - work: of all athletes that can be synced.
    ///   - first: calls that were asked for and come before all else.
    ///   - horizon_s: how far ahead to look.
    public init(
        _ work: [AthleteWork], first: Int = 0, outlook: QuotaOutlook, settings: SyncSettings, pace: SyncPace,
        horizon_s: Double = Self.horizon_s
    ) {
        callsLeft = work.reduce(0) { $0 + ($1.hasWalked ? $1.missing : 0) }
        unreadLists = work.count { !$0.hasWalked }
        var flow = Flow(work, first: first, Rounds(work, pace, settings, callsPerDay: outlook.callsPerDay), settings)
        run(&flow, outlook, horizon_s)
    }

    /// Seconds until this athlete's history is complete. Beyond the horizon the mean rate until there is continued; infinity when that is 0.
    public func seconds(_ athlete: AthleteWork) -> Double { athlete.missing <= 0 ? 0 : seconds(level: Self.level(of: athlete)) }

    /// The level at which an athlete's history is complete. Its last turn comes as far into a round as others are ahead.
    private static func level(of athlete: AthleteWork) -> Double {
        max(0, Double(athlete.missing) - Rounds.callsPerTurn) + Rounds.callsPerTurn * athlete.ahead
    }

    private func seconds(level: Double) -> Double {
        guard let last = levels.last, last < level else {
            // The first step at whose end the level is at least this.
            let after = max(1, levels.partitioningIndex { $0 >= level })
            let (low, high) = (levels[after - 1], levels[after])
            return times_s[after - 1] + (times_s[after] - times_s[after - 1]) * (level - low) / max(high - low, 1e-9)
        }
        return last > 0 ? (times_s.last ?? 0) * level / last : .infinity
    }

    private mutating func run(_ flow: inout Flow, _ start: QuotaOutlook, _ horizon_s: Double) {
        var (outlook, elapsed_s) = (start, 0.0)
        while !flow.isKnownComplete || flow.first > 0, elapsed_s < horizon_s {
            let expected = flow.expectedCalls(dayLeft_s: outlook.dayLeft_s)
            let step = outlook.advance(by: Self.step_s(after: elapsed_s), expectedCalls: expected)
            elapsed_s += step.seconds
            outlook.spend(flow.serve(min(step.free, step.seconds * flow.callsPerSecond), in: step.seconds))
            times_s.append(elapsed_s)
            levels.append(flow.level)
            if flow.first > 0 { first_s = elapsed_s }
        }
        all_s = max(first_s, flow.knownMax > 0 ? seconds(level: flow.knownMax) : 0)
    }

    /// Fine steps at first; later a step is a small share of the time that has passed.
    private static func step_s(after elapsed_s: Double) -> Double { min(900, max(1, elapsed_s / 100)) }

    /// Who is served how much.
    private struct Flow {
        /// Athletes whose lists were read to the end at about the same level.
        private struct Cohort {
            var athletes: Double
            /// The level at which they begin: they join the line at its end, and all others come before.
            let level: Double
        }

        /// The histories of athletes whose list is read.
        private var known: Line
        /// Calls of the other athletes' histories, as far as can be guessed; rising.
        private let unknown: [Double]
        /// What each of them needs for the list and the newest activities.
        private var arrivals: Line
        private var cohorts: [Cohort] = []
        /// Athletes of the cohorts who have begun and are not complete.
        private var joined = 0.0
        /// Calls that were asked for and come before all else.
        private(set) var first: Double
        /// Calls that all histories need.
        private var left: Double
        /// Calls for looks, walks, profiles and new activities that wait.
        private var regular = 0.0
        private let newPerDay: Double
        /// Athletes whose list is read now.
        private let walked: Double
        private let rounds: Rounds
        private let settings: SyncSettings

        init(_ work: [AthleteWork], first: Int, _ rounds: Rounds, _ settings: SyncSettings) {
            self.settings = settings
            self.rounds = rounds
            self.first = Double(first)
            let newest = settings.newestFirstCount
            let (walked, unwalked) = (work.filter(\.hasWalked), work.filter { !$0.hasWalked })
            self.walked = Double(walked.count)
            known = Line(walked.filter { $0.missing > 0 }.map(CompletionForecast.level))
            unknown = Flow.guess(unwalked, from: walked, newest)
            let arriving = unwalked.map { athlete in
                let whole = 2 * (athlete.listed == 0 ? newest : min(newest, athlete.listed))
                let landed = 2 * athlete.listed - athlete.missing
                return Double(max(0, whole - landed)) + CompletionForecast.arrivalCalls
            }
            arrivals = Line(arriving)
            left = (known.ends + unknown).reduce(0, +)
            newPerDay = work.reduce(0) { $0 + 2 * Double($1.recent) / 28 }
        }

        /// Histories of lists that are not read: like those that are, and at least what their pages have named.
        private static func guess(_ unwalked: [AthleteWork], from walked: [AthleteWork], _ newest: Int) -> [Double] {
            let samples = walked.map { Double(2 * max(0, $0.listed - newest)) }.sorted()
            return unwalked.enumerated().map { place, athlete in
                let named = Double(2 * max(0, athlete.listed - newest))
                let isKnown = samples.count >= CompletionForecast.samplesMin
                let guess = isKnown ? samples[(2 * place + 1) * samples.count / (2 * unwalked.count)] : CompletionForecast.unknownCalls
                return max(named, guess)
            }.sorted()
        }

        var level: Double { known.level }
        var knownMax: Double { known.ends.last ?? 0 }
        var isKnownComplete: Bool { known.waiting == 0 }

        /// Athletes with history who are in the line.
        private var active: Double { Double(known.waiting) + joined }

        /// Calls that all turns in work make in a second at most.
        var callsPerSecond: Double {
            let athletes = max(1, Int(active) + arrivals.waiting)
            return Double(min(settings.callsInFlight, athletes * settings.callsInFlightPerAthlete)) / CompletionForecast.call_s
        }

        /// What the governor is told to expect today.
        func expectedCalls(dayLeft_s: Double) -> Int? {
            if arrivals.waiting > 0 { return nil }
            return left >= CompletionForecast.demandMax ? nil : Int(left + rounds.expectedPerDay * dayLeft_s / CompletionForecast.day_s)
        }

        /// Shares out calls of one step. Returns how many were used.
        mutating func serve(_ free: Double, in seconds: Double) -> Double {
            countJoined()
            // While the quota is spent, looks that are due again and again stay one look.
            let athletes = walked + Double(arrivals.done)
            regular = min(
                regular + (newPerDay + rounds.callsPerDay(of: athletes, withHistory: active)) * seconds / CompletionForecast.day_s,
                newPerDay + athletes)
            let trickle = active > 0 ? free * CompletionForecast.trickle : 0
            let asked = min(first, free - trickle)
            first -= asked
            let ongoing = min(regular, free - trickle - asked)
            regular -= ongoing
            let before = asked + ongoing + arrive(by: free - trickle - asked - ongoing)
            let history = known.advance(by: free - before, beside: joined)
            left -= history
            return before + history
        }

        private mutating func countJoined() {
            joined = cohorts.reduce(0) { sum, cohort in
                if level < cohort.level { return sum }
                let complete = Double(unknown.partitioningIndex { $0 > level - cohort.level }) / Double(unknown.count)
                return sum + cohort.athletes * (1 - complete)
            }
        }

        /// Reads lists and fetches newest activities with `calls` calls. Returns how many were used.
        private mutating func arrive(by calls: Double) -> Double {
            let before = arrivals.done
            let used = arrivals.advance(by: calls)
            if arrivals.done > before { join(Double(arrivals.done - before), at: level + Rounds.callsPerTurn) }
            return used
        }

        /// Levels that differ by less are one, so that there are few cohorts however many steps there are.
        private static let cohortLevels = Rounds.callsPerTurn / 8

        private mutating func join(_ athletes: Double, at level: Double) {
            if let last = cohorts.last, level - last.level < Self.cohortLevels {
                cohorts[cohorts.count - 1].athletes += athletes
            } else {
                cohorts.append(Cohort(athletes: athletes, level: level))
            }
        }
    }
}

/// Athletes who advance together: each by the same number of calls, until it has what it needs.
private struct Line {
    /// What each needs, in calls; rising.
    let ends: [Double]
    /// How many have what they need.
    private(set) var done = 0
    /// Calls that each has had.
    private(set) var level = 0.0

    init(_ ends: [Double]) { self.ends = ends.sorted() }

    var waiting: Int { ends.count - done }

    /// Shares out `calls` calls, beside `others` who advance with the line and are not counted in it. Returns how many were used.
    mutating func advance(by calls: Double, beside others: Double = 0) -> Double {
        var rest = calls
        while rest > 1e-9, waiting > 0 {
            let together = Double(waiting) + others
            let rise = min(rest / together, ends[done] - level)
            rest -= rise * together
            level += rise
            while waiting > 0, ends[done] <= level + 1e-9 { done += 1 }
        }
        return calls - rest
    }
}

/// Calls for what goes on all the time: looks, walks, profiles and stats.
private struct Rounds {
    /// Athletes who are looked at equally often.
    private struct Habit {
        var athletes = 0.0
        /// Time between two looks, in seconds.
        let interval_s: Double
        /// New activities of all of them in a day.
        var newPerDay = 0.0
    }

    /// Calls for history in a turn while others wait, as `SyncSettings.requestsPerTurnShared` has it: an activity's detail and streams.
    static let callsPerTurn = 2.0
    private static let day_s = 86_400.0
    /// `SyncPace.spread` shortens intervals to this share on average.
    private static let spread = 0.9
    private static let habitsPerDoubling = 2.0
    /// The length of a round depends on the looks in it, and they on its length: so many approximations.
    private static let approximations = 6

    /// Athletes of whom at least a page of the list is known. Those of whom nothing is known are taken to be like them.
    private let athletes: Double
    private var habits: [Habit] = []
    private let settings: SyncSettings
    /// Walks, profiles and stats of one athlete.
    private let othersPerDay: Double
    private let capacityPerDay: Double
    let expectedPerDay: Double

    init(_ work: [AthleteWork], _ pace: SyncPace, _ settings: SyncSettings, callsPerDay: Double) {
        self.settings = settings
        let listed = work.filter { $0.hasWalked || $0.listed > 0 }
        athletes = Double(listed.count)
        let shortest_s = settings.listInterval_s * max(pace.listStretch, pace.eventStretch) * Self.spread
        var byHabit: [Int: Habit] = [:]
        for athlete in listed {
            let place = Int((log2(SyncPace.habit(recentCount: athlete.recent)) * Self.habitsPerDoubling).rounded())
            let interval_s = shortest_s * pow(2, Double(place) / Self.habitsPerDoubling)
            byHabit[place, default: Habit(interval_s: interval_s)].athletes += 1
            byHabit[place]?.newPerDay += Double(athlete.recent) / 28
        }
        habits = byHabit.sorted { $0.key < $1.key }.map(\.value)
        let walks = Double(listed.reduce(0) { $0 + $1.listed }) / 200 + 2.5 * athletes
        othersPerDay =
            walks / max(1, athletes) * Self.day_s / (pace.walkInterval_s * Self.spread) + pace.ownCallsPerDay / Double(max(1, work.count))
        capacityPerDay = callsPerDay
        expectedPerDay = pace.callsPerDay + pace.ownCallsPerDay
    }

    /// - Parameters:
    ///   - count: athletes who are looked at: those whose list is read.
    ///   - busy: those of them with history. They are looked at when their turn comes, so that long rounds make looks rarer.
    func callsPerDay(of count: Double, withHistory busy: Double) -> Double {
        if athletes == 0 { return 0 }
        let busy = min(busy, count)
        let others = (count - busy) / athletes * looksPerDay(atMostEvery: 0) + count * othersPerDay
        var round_s = 0.0
        var busyLooks = 0.0
        for _ in 0..<Self.approximations {
            busyLooks = busy / athletes * looksPerDay(atMostEvery: round_s)
            let left = max(capacityPerDay - others - busyLooks, capacityPerDay / 20)
            round_s = (round_s + Self.callsPerTurn * busy * Self.day_s / left) / 2
        }
        return others + busyLooks
    }

    /// Calls for looks in a day if no athlete is looked at more often than this. A look takes a second call when it finds something, and when it
    /// reaches back and names what is known.
    private func looksPerDay(atMostEvery round_s: Double) -> Double {
        habits.reduce(0) { sum, habit in
            let interval_s = max(habit.interval_s, round_s)
            let second = secondCalls(new: habit.newPerDay / habit.athletes, every: interval_s)
            return sum + habit.athletes * Self.day_s / interval_s * (1 + second)
        }
    }

    /// How many second calls a look makes: because it finds something new, and because it reaches back and names what is known.
    /// - Parameters:
    ///   - new: activities a day.
    ///   - interval_s: time between two looks.
    private func secondCalls(new: Double, every interval_s: Double) -> Double {
        let reachingBack = interval_s / max(settings.lookBackInterval_s, 4 * interval_s)
        let known = 1 - exp(-new * (settings.lookBack_s + max(settings.lookBackInterval_s, 4 * interval_s)) / Self.day_s)
        return 1 - exp(-new * interval_s / Self.day_s) + reachingBack * known
    }
}
