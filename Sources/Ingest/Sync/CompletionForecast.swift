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

    public init(missing: Int, listed: Int, recent: Int, hasWalked: Bool) {
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
/// all else. Athletes with history take turns of the same size, so that each gets the same number of calls: after a time all have been brought
/// to the same *level* of calls, and whoever needed no more than that is complete.
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

    /// The level that histories have reached, by seconds from now; both rise.
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
        var flow = Flow(work, first: first, settings: settings, pace: pace, callsPerDay: outlook.callsPerDay)
        run(&flow, outlook, horizon_s)
    }

    /// Seconds until an athlete whose history needs so many calls has all of them. Beyond the horizon the mean rate until there is continued.
    public func seconds(calls: Int) -> Double {
        let level = Double(calls)
        if calls <= 0 { return 0 }
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
        all_s = max(first_s, seconds(calls: Int(flow.knownMax)))
    }

    /// Fine steps at first; later a step is a small share of the time that has passed.
    private static func step_s(after elapsed_s: Double) -> Double { min(900, max(1, elapsed_s / 100)) }

    /// Who is served how much.
    private struct Flow {
        /// Histories by the calls they need, shortest first: of athletes whose list is read, and as far as can be guessed of the others.
        private let known: [Double]
        private let unknown: [Double]
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

        init(_ work: [AthleteWork], first: Int, settings: SyncSettings, pace: SyncPace, callsPerDay: Double) {
            self.settings = settings
            self.first = Double(first)
            let newest = settings.newestFirstCount
            let (walked, unwalked) = (work.filter(\.hasWalked), work.filter { !$0.hasWalked })
            known = walked.compactMap { $0.missing > 0 ? Double($0.missing) : nil }.sorted()
            unknown = Flow.guess(unwalked, from: walked, newest)
            arrivals = unwalked.reduce(0) { sum, athlete in
                let whole = 2 * (athlete.listed == 0 ? newest : min(newest, athlete.listed))
                let landed = 2 * athlete.listed - athlete.missing
                return sum + Double(max(0, whole - landed)) + CompletionForecast.arrivalCalls
            }
            left = known.reduce(0, +) + unknown.reduce(0, +)
            newPerDay = work.reduce(0) { $0 + 2 * Double($1.recent) / 28 }
            rounds = Rounds(work, pace, settings, callsPerDay: callsPerDay)
        }

        /// Histories of lists that are not read: like those that are, and at least what their pages have named.
        private static func guess(_ unwalked: [AthleteWork], from walked: [AthleteWork], _ newest: Int) -> [Double] {
            let samples = walked.map { Double(2 * max(0, $0.listed - newest)) }.sorted()
            return unwalked.enumerated().map { place, athlete in
                let named = Double(2 * max(0, athlete.listed - newest))
                guard samples.count >= CompletionForecast.samplesMin else { return max(named, CompletionForecast.unknownCalls) }
                return max(named, samples[(2 * place + 1) * samples.count / (2 * unwalked.count)])
            }.sorted()
        }

        var knownMax: Double { known.last ?? 0 }
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
            var rest = calls
            while rest > 1e-9, active > 0 {
                var rise = rest / Double(active)
                if knownDone < known.count { rise = min(rise, known[knownDone] - level) }
                let isJoined = arrivals <= 0
                if isJoined, unknownDone < unknown.count { rise = min(rise, unknown[unknownDone] - unknownLevel) }
                rest -= rise * Double(active)
                level += rise
                if isJoined { unknownLevel += rise }
                while knownDone < known.count, known[knownDone] <= level + 1e-9 { knownDone += 1 }
                while isJoined, unknownDone < unknown.count, unknown[unknownDone] <= unknownLevel + 1e-9 { unknownDone += 1 }
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
    private static let day_s = 86_400.0
    /// `SyncPace.spread` shortens intervals to this share on average.
    private static let spread = 0.9

    /// Mean time between two looks at an athlete's list, in seconds.
    private let interval_s: Double
    private let athletes: Int
    private let callsPerLook: Double
    /// Walks, profiles and stats of all.
    private let othersPerDay: Double
    private let capacityPerDay: Double
    let expectedPerDay: Double

    init(_ work: [AthleteWork], _ pace: SyncPace, _ settings: SyncSettings, callsPerDay: Double) {
        athletes = work.count { $0.hasWalked }
        callsPerLook = pace.callsPerLook
        let interval_s = settings.listInterval_s * max(pace.listStretch, pace.eventStretch) * Self.spread
        let looks = work.reduce(0) { $0 + ($1.hasWalked ? 1 / SyncPace.habit(recentCount: $1.recent) : 0) }
        self.interval_s = looks > 0 ? interval_s * Double(athletes) / looks : .infinity
        let walks = Double(work.reduce(0) { $0 + ($1.hasWalked ? $1.listed : 0) }) / 200 + 2.5 * Double(athletes)
        othersPerDay = walks * Self.day_s / (pace.walkInterval_s * Self.spread) + pace.ownCallsPerDay
        capacityPerDay = callsPerDay
        expectedPerDay = pace.callsPerDay + pace.ownCallsPerDay
    }

    /// One look at each list.
    var callsPerRound: Double { Double(athletes) * callsPerLook }

    /// - Parameter count: athletes with history. They are looked at when their turn comes, so that long rounds make looks rarer.
    func callsPerDay(withHistory count: Int) -> Double {
        let busy = min(count, athletes)
        let idle = Double(athletes - busy) * callsPerLook * Self.day_s / interval_s
        let capacity = max(capacityPerDay - idle - othersPerDay, capacityPerDay / 10)
        let round_s = Double(busy) * (2 + callsPerLook) * Self.day_s / capacity
        return idle + othersPerDay + Double(busy) * callsPerLook * Self.day_s / max(interval_s, round_s)
    }
}
