import Foundation
import Sync

/// The athletes and their training. All times are seconds since the simulation's start, a midnight (UTC).
struct World {
    /// 2026-03-02 00:00:00 UTC, a Monday.
    static let origin_s = 1_772_409_600.0
    static let origin = Date(timeIntervalSince1970: origin_s)

    /// Shares of athletes by activities a day: daily, every other day, weekly, once in a while.
    private static let rhythms: [(share: Double, perDay: Double)] = [(0.20, 1.5), (0.40, 0.5), (0.25, 0.15), (0.15, 0.02)]
    private static let manualShare = 0.05
    private static let lateShare = 0.02
    private static let editedShare = 0.02

    /// What happens next to an athlete's data at Strava.
    enum Upload {
        case fresh(delay_s: Double)
        case late(delay_s: Double)
    }

    var random: ModelRandom
    var athletes: [ModelAthlete] = []
    let scenario: Scenario

    init(_ scenario: Scenario, seed: UInt64) {
        random = ModelRandom(seed: seed)
        self.scenario = scenario
        athletes.reserveCapacity(scenario.athletes + 100)
        for _ in 0..<scenario.athletes { addAthlete() }
    }

    /// Adds an athlete with a history of `activities`, or of random length. Returns the index.
    @discardableResult
    mutating func addAthlete(activities: Int? = nil) -> Int {
        var pick = Double.random(in: 0..<1, using: &random)
        let rhythm = Self.rhythms.first { rhythm in
            pick -= rhythm.share
            return pick < 0
        }
        var athlete = ModelAthlete(perDay: rhythm?.perDay ?? 0.02)
        let drawn = min(Double(scenario.historyMax), random.logNormal(median: scenario.historyMedian, sigma: 1))
        athlete.give(history: history(count: activities ?? Int(drawn), perDay: athlete.perDay))
        athletes.append(athlete)
        return athletes.count - 1
    }

    /// A history at the athlete's mean rate, with random gaps and no two equal starts.
    private mutating func history(count: Int, perDay: Double) -> [ModelActivity] {
        var start_s = 0.0
        let gap_s = min(86_400 / perDay, 20 * 365 * 86_400 / Double(max(1, count)))
        return (0..<count).map { _ in
            start_s -= 1 + random.wait(mean: gap_s)
            return ModelActivity(
                start_s: Int32(max(start_s, -2e9)), since_s: 0, kind: .history, isManual: random.chance(Self.manualShare))
        }.reversed()
    }

    /// Everything has landed; the last look, walk and profile are as old as in an ordinary week.
    mutating func load(_ index: Int, pace: SyncPace) {
        let settings = scenario.settings
        athletes[index].connectedAt_s = 0
        athletes[index].landAll(at: -30 * 86_400)
        func ago(_ most_s: Double) -> Date { Self.origin.addingTimeInterval(-Double.random(in: 0...most_s, using: &random)) }
        let newest_s = athletes[index].newestListedStart_s
        let walked = ago(pace.walkInterval_s)
        athletes[index].cursor = SyncCursor(
            walkStartedAt: walked, newestStartAt: newest_s.map { Self.origin.addingTimeInterval(Double($0)) },
            listedAt: max(walked, ago(settings.listInterval_s * pace.listStretch)), historyCompleteAt: walked)
        athletes[index].landed(.profile, at: ago(settings.profileInterval_s))
        athletes[index].landed(.stats, at: ago(settings.profileInterval_s))
        athletes[index].landed(.zones, at: walked.addingTimeInterval(1))
    }

    /// What the athletes who have connected still need, by their index.
    func work(at now: Date) -> [(athlete: Int, work: AthleteWork)] {
        athletes.indices.compactMap { athletes[$0].connectedAt_s == nil ? nil : ($0, athletes[$0].work(now: now)) }
    }

    // MARK: What happens

    /// Seconds until this athlete's next upload, and how old the activity is by then.
    mutating func nextUpload(of athlete: Int) -> (wait_s: Double, Upload) {
        let wait_s = random.wait(mean: 86_400 / athletes[athlete].perDay)
        if random.chance(Self.lateShare) { return (wait_s, .late(delay_s: .random(in: 86_400...6 * 86_400, using: &random))) }
        return (wait_s, .fresh(delay_s: .random(in: 1_800...10_800, using: &random)))
    }

    /// An activity is uploaded. Returns its start and in how many seconds it will be edited, if at all.
    mutating func upload(_ upload: Upload, athlete: Int, at now_s: Double) -> (start_s: Int32, editIn_s: Double?) {
        let (delay_s, kind): (Double, ModelActivity.Kind) =
            switch upload {
            case .fresh(let delay_s): (delay_s, .fresh)
            case .late(let delay_s): (delay_s, .late)
            }
        let start_s = Int32(now_s - delay_s)
        athletes[athlete].upload(
            ModelActivity(start_s: start_s, since_s: Int32(now_s), kind: kind, isManual: random.chance(Self.manualShare)))
        return (start_s, random.chance(Self.editedShare) ? random.wait(mean: 86_400) : nil)
    }

    /// An activity is edited, which changes its figures in the list.
    mutating func edit(start_s: Int32, athlete: Int, at now_s: Double) {
        let index = athletes[athlete].firstIndex(from: start_s)
        if index < athletes[athlete].activities.count { athletes[athlete].edit(at: index, now_s: Int32(now_s)) }
    }

    /// The load from which the pace is computed.
    /// - Parameter now_s: seconds since the start.
    func load(at now_s: Double) -> FleetLoad {
        let weekAgo_s = Int32(now_s) - 7 * 86_400
        let connected = athletes.filter { $0.connectedAt_s != nil || scenario.start == .loaded }
        return FleetLoad(
            athletes: connected.count, activities: connected.reduce(0) { $0 + $1.activities.count },
            training: connected.count { $0.newestListedStart_s.map { $0 > weekAgo_s } ?? false })
    }

    /// Calls known to be missing, and athletes whose first walk has not ended.
    var missing: (calls: Int, unwalked: Int) {
        athletes.reduce(into: (0, 0)) { sum, athlete in
            sum.0 += athlete.callsMissing
            if athlete.connectedAt_s != nil, athlete.cursor.historyCompleteAt == nil { sum.1 += 1 }
        }
    }
}

/// A random generator (splitmix64) that gives the same numbers for the same seed.
struct ModelRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }

    /// A wait of a Poisson process, in the unit of `mean`.
    mutating func wait(mean: Double) -> Double { -log(Double.random(in: 1e-12...1, using: &self)) * mean }

    /// A log-normal number with this median and sigma.
    mutating func logNormal(median: Double, sigma: Double) -> Double {
        let (one, two) = (Double.random(in: 1e-12...1, using: &self), Double.random(in: 0..<1, using: &self))
        return median * exp(sigma * (-2 * log(one)).squareRoot() * cos(2 * .pi * two))
    }
}
