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
/// all else. Athletes with history take turns of the same size, but a turn whose look finds something brings no history: who trains often
/// advances more slowly. After a time all have had the same number of turns, the *level*, and whoever needed no more than that is complete.
public struct CompletionForecast: Sendable {
    /// Beyond it, in seconds, the last rate is continued.
    public static let horizon_s = 400 * 86_400.0
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

    /// The level that histories have reached, in calls of turns without a find, by seconds from now; both rise.
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
    private let rounds: Rounds

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
        rounds = Rounds(work, pace, settings, callsPerDay: outlook.callsPerDay)
        var flow = Flow(work, first: first, rounds, settings)
        run(&flow, outlook, horizon_s)
    }

    /// Seconds until this athlete's history is complete. Beyond the horizon the mean rate until there is continued.
    public func seconds(_ athlete: AthleteWork) -> Double {
        athlete.missing <= 0 ? 0 : seconds(level: rounds.level(of: athlete, calls: Double(athlete.missing)))
    }

    private func seconds(level: Double) -> Double {
        guard let last = levels.last, last < level else {
            let after = firstStep(reaching: level)
            let (low, high) = (levels[after - 1], levels[after])
            return times_s[after - 1] + (times_s[after] - times_s[after - 1]) * (level - low) / max(high - low, 1e-9)
        }
        return (times_s.last ?? 0) * level / max(last, 1e-9)
    }

    /// The first step at whose end the level is at least this.
    private func firstStep(reaching level: Double) -> Int {
        var (low, high) = (1, levels.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if levels[middle] < level { low = middle + 1 } else { high = middle }
        }
        return low
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
        /// One history.
        private struct Share {
            /// The level at which it is complete.
            let level: Double
            /// By how much it advances with the level.
            let progress: Double

            init(_ athlete: AthleteWork, calls: Double, _ rounds: Rounds) {
                level = rounds.level(of: athlete, calls: calls)
                progress = rounds.progress(recent: athlete.recent)
            }
        }

        /// Histories, those that are complete first in front: of athletes whose list is read, and as far as can be guessed of the others.
        private let known: [Share]
        private let unknown: [Share]
        /// How much those who are not complete advance together.
        private var knownProgress: Double
        private var unknownProgress: Double
        private(set) var level = 0.0
        /// Calls that were asked for and come before all else.
        private(set) var first: Double
        private var unknownLevel = 0.0
        private var knownDone = 0
        private var unknownDone = 0
        /// Calls that all histories need.
        private var left: Double
        /// Calls for the lists and newest activities of those whose list is not read.
        private var arrivals: Double
        /// Calls for looks, walks, profiles and new activities that wait.
        private var regular = 0.0
        private let newPerDay: Double
        private let rounds: Rounds
        private let settings: SyncSettings

        init(_ work: [AthleteWork], first: Int, _ rounds: Rounds, _ settings: SyncSettings) {
            self.settings = settings
            self.rounds = rounds
            self.first = Double(first)
            let newest = settings.newestFirstCount
            let (walked, unwalked) = (work.filter(\.hasWalked), work.filter { !$0.hasWalked })
            known = walked.filter { $0.missing > 0 }.map { Share($0, calls: Double($0.missing), rounds) }.sorted { $0.level < $1.level }
            unknown = Flow.guess(unwalked, from: walked, newest, rounds)
            arrivals = unwalked.reduce(0) { sum, athlete in
                let whole = 2 * (athlete.listed == 0 ? newest : min(newest, athlete.listed))
                let landed = 2 * athlete.listed - athlete.missing
                return sum + Double(max(0, whole - landed)) + CompletionForecast.arrivalCalls
            }
            (knownProgress, unknownProgress) = (known.reduce(0) { $0 + $1.progress }, unknown.reduce(0) { $0 + $1.progress })
            left = (known + unknown).reduce(0) { $0 + $1.level * $1.progress }
            newPerDay = work.reduce(0) { $0 + 2 * Double($1.recent) / 28 }
        }

        /// Histories of lists that are not read: like those that are, and at least what their pages have named.
        private static func guess(
            _ unwalked: [AthleteWork], from walked: [AthleteWork], _ newest: Int, _ rounds: Rounds
        ) -> [Share] {
            let samples = walked.map { Double(2 * max(0, $0.listed - newest)) }.sorted()
            return unwalked.enumerated().map { place, athlete in
                let named = Double(2 * max(0, athlete.listed - newest))
                let isKnown = samples.count >= CompletionForecast.samplesMin
                let guess = isKnown ? samples[(2 * place + 1) * samples.count / (2 * unwalked.count)] : CompletionForecast.unknownCalls
                return Share(athlete, calls: max(named, guess), rounds)
            }.sorted { $0.level < $1.level }
        }

        var knownMax: Double { known.last?.level ?? 0 }
        var isKnownComplete: Bool { knownDone == known.count }

        private var active: Int { known.count - knownDone + (arrivals > 0 ? 0 : unknown.count - unknownDone) }

        /// Calls that all turns in work make in a second at most.
        var callsPerSecond: Double {
            let open = min(settings.callsInFlight, max(1, active) * settings.callsInFlightPerAthlete)
            return Double(open) / CompletionForecast.call_s
        }

        /// What the governor is told to expect today.
        func expectedCalls(dayLeft_s: Double) -> Int? {
            if arrivals > 0 { return nil }
            return left >= CompletionForecast.demandMax ? nil : Int(left + rounds.expectedPerDay * dayLeft_s / CompletionForecast.day_s)
        }

        /// Shares out calls of one step. Returns how many were used.
        mutating func serve(_ free: Double, in seconds: Double) -> Double {
            // While the quota is spent, looks that are due again and again stay one look.
            regular = min(
                regular + (newPerDay + rounds.callsPerDay(withHistory: active)) * seconds / CompletionForecast.day_s,
                newPerDay + rounds.callsPerRound)
            let trickle = active > 0 ? free * CompletionForecast.trickle : 0
            let asked = min(first, free - trickle)
            first -= asked
            let ongoing = min(regular, free - trickle - asked)
            regular -= ongoing
            let arriving = min(arrivals, free - trickle - asked - ongoing)
            arrivals -= arriving
            let before = asked + ongoing + arriving
            return before + raise(by: free - before)
        }

        /// Brings all histories forward by the same number of calls each, `calls` in all. Returns how many were used.
        private mutating func raise(by calls: Double) -> Double {
            let isJoined = arrivals <= 0
            var rest = calls
            while rest > 1e-9, active > 0 {
                let progress = knownProgress + (isJoined ? unknownProgress : 0)
                var rise = rest / max(progress, 1e-9)
                if knownDone < known.count { rise = min(rise, known[knownDone].level - level) }
                if isJoined, unknownDone < unknown.count { rise = min(rise, unknown[unknownDone].level - unknownLevel) }
                rest -= rise * progress
                level += rise
                if isJoined { unknownLevel += rise }
                while knownDone < known.count, known[knownDone].level <= level + 1e-9 {
                    knownProgress -= known[knownDone].progress
                    knownDone += 1
                }
                while isJoined, unknownDone < unknown.count, unknown[unknownDone].level <= unknownLevel + 1e-9 {
                    unknownProgress -= unknown[unknownDone].progress
                    unknownDone += 1
                }
            }
            left -= calls - rest
            return calls - rest
        }
    }

    /// The share of history while anything that comes first waits, as `FairQueue.trickle` has it: a tenth of all other calls.
    private static let trickle = 0.1 / 1.1
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

    private static let day_s = 86_400.0
    /// `SyncPace.spread` shortens intervals to this share on average.
    private static let spread = 0.9
    private static let habitsPerDoubling = 2.0
    /// Calls for history in a turn while others wait.
    private static let callsPerTurn = 2.0
    /// The length of a round depends on the looks in it, and they on its length: so many approximations.
    private static let approximations = 6

    private let athletes: Double
    private var habits: [Habit] = []
    private let shortest_s: Double
    private let profileInterval_s: Double
    /// The length of a round now, in seconds.
    private var round_s = 0.0
    private let settings: SyncSettings
    /// Walks, profiles and stats of all.
    private let othersPerDay: Double
    private let capacityPerDay: Double
    let expectedPerDay: Double

    init(_ work: [AthleteWork], _ pace: SyncPace, _ settings: SyncSettings, callsPerDay: Double) {
        self.settings = settings
        let walked = work.filter(\.hasWalked)
        athletes = Double(walked.count)
        shortest_s = settings.listInterval_s * max(pace.listStretch, pace.eventStretch) * Self.spread
        profileInterval_s = pace.profileInterval_s
        var byHabit: [Int: Habit] = [:]
        for athlete in walked {
            let place = Int((log2(SyncPace.habit(recentCount: athlete.recent)) * Self.habitsPerDoubling).rounded())
            let interval_s = shortest_s * pow(2, Double(place) / Self.habitsPerDoubling)
            byHabit[place, default: Habit(interval_s: interval_s)].athletes += 1
            byHabit[place]?.newPerDay += Double(athlete.recent) / 28
        }
        habits = byHabit.sorted { $0.key < $1.key }.map(\.value)
        let walks = Double(walked.reduce(0) { $0 + $1.listed }) / 200 + 2.5 * athletes
        othersPerDay = walks * Self.day_s / (pace.walkInterval_s * Self.spread) + pace.ownCallsPerDay
        capacityPerDay = callsPerDay
        expectedPerDay = pace.callsPerDay + pace.ownCallsPerDay
        round_s = loops(busy: Double(work.count { $0.missing > 0 || !$0.hasWalked })).round_s
    }

    /// The level at which a history of so many calls is complete. Its last turn comes as far into a round as others are ahead.
    func level(of athlete: AthleteWork, calls: Double) -> Double {
        (max(0, calls - Self.callsPerTurn) + Self.callsPerTurn * athlete.ahead) / progress(recent: athlete.recent)
    }

    /// The share of turns that bring history: one that makes two calls before it ends without. A second call is made when a look finds something
    /// or reaches back and names what is known, and for the profile of who has trained.
    func progress(recent: Int) -> Double {
        let interval_s = shortest_s * SyncPace.habit(recentCount: recent)
        let (looked_s, new) = (max(interval_s, round_s), Double(recent) / 28)
        let second = secondCalls(new: new, every: looked_s)
        let profile = min(1, looked_s / profileInterval_s) * (1 - exp(-new * profileInterval_s / Self.day_s))
        let lost = 1 - (1 - second.found) * (1 - second.known) * (1 - profile)
        return max(0.1, 1 - min(1, round_s / interval_s) * lost)
    }

    /// One look at each list.
    var callsPerRound: Double { athletes }

    /// - Parameter count: athletes with history. They are looked at when their turn comes, so that long rounds make looks rarer.
    func callsPerDay(withHistory count: Int) -> Double {
        loops(busy: Double(count)).callsPerDay
    }

    private func loops(busy count: Double) -> (callsPerDay: Double, round_s: Double) {
        if athletes == 0 { return (othersPerDay, 0) }
        let busy = min(count, athletes)
        let idleLooks = (1 - busy / athletes) * looksPerDay(atMostEvery: 0)
        var round_s = 0.0
        var busyLooks = 0.0
        for _ in 0..<Self.approximations {
            busyLooks = busy / athletes * looksPerDay(atMostEvery: round_s)
            let left = max(capacityPerDay - idleLooks - busyLooks - othersPerDay, capacityPerDay / 20)
            round_s = (round_s + Self.callsPerTurn * busy * Self.day_s / left) / 2
        }
        return (idleLooks + busyLooks + othersPerDay, round_s)
    }

    /// Calls for looks in a day if no athlete is looked at more often than this. A look takes a second call when it finds something, and when it
    /// reaches back and names what is known.
    private func looksPerDay(atMostEvery round_s: Double) -> Double {
        habits.reduce(0) { sum, habit in
            let interval_s = max(habit.interval_s, round_s)
            let second = secondCalls(new: habit.newPerDay / habit.athletes, every: interval_s)
            return sum + habit.athletes * Self.day_s / interval_s * (1 + second.found + second.known)
        }
    }

    /// How often a look makes a second call: because it finds something new, and because it reaches back and names what is known.
    /// - Parameters:
    ///   - new: activities a day.
    ///   - interval_s: time between two looks.
    private func secondCalls(new: Double, every interval_s: Double) -> (found: Double, known: Double) {
        let reachingBack = interval_s / max(settings.lookBackInterval_s, 4 * interval_s)
        let known = 1 - exp(-new * (settings.lookBack_s + max(settings.lookBackInterval_s, 4 * interval_s)) / Self.day_s)
        return (1 - exp(-new * interval_s / Self.day_s), reachingBack * known)
    }
}
