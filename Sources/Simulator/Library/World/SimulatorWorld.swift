import Core
import Foundation
import Synchronization

/// The athletes and activities of a simulated Strava: a pure function of seed, epoch and time, plus the mutations a test makes.
///
/// Accounts are built when first asked for, so a world of ten thousand athletes costs nothing until they are synced.
public final class SimulatorWorld: Sendable {
    public let seed: UInt64
    /// Where the history ends; live activities begin here.
    public let epoch: Date
    public let live: LivePlan?
    private let specs: [AthleteSpec]
    private let ordinals: [AthleteID: Int]
    /// FTPs that athletes have set, in watts.
    private let ftps = Mutex<[AthleteID: Int]>([:])
    private let records = Mutex<[Int: AthleteRecord]>([:])
    private let observer = Mutex<(@Sendable (WorldEvent) -> Void)?>(nil)

    public init(seed: UInt64, epoch: Date, athletes: [AthleteSpec], live: LivePlan? = nil) {
        self.seed = seed
        self.epoch = epoch
        self.live = live
        specs = athletes
        ordinals = Dictionary(zip(athletes.map(\.id), athletes.indices), uniquingKeysWith: { first, _ in first })
    }

    /// Equal athletes with ids 101, 102, …
    public convenience init(
        seed: UInt64, epoch: Date, athleteCount: Int, activitiesEach: Int, points: ClosedRange<Int> = 600...3600,
        kinds: [ActivityKind] = ActivityKind.mixed, live: LivePlan? = nil
    ) {
        let specs = (0..<athleteCount).map {
            AthleteSpec(id: AthleteID(101 + Int64($0)), activityCount: activitiesEach, points: points, kinds: kinds)
        }
        self.init(seed: seed, epoch: epoch, athletes: specs, live: live)
    }

    /// In the order they were given.
    public var athleteIDs: [AthleteID] { specs.map(\.id) }

    /// Everything of an athlete, newest first; live activities as far as they have appeared at `now` (none when nil).
    public func truth(for athlete: AthleteID, at now: Date? = nil) -> [ActivityTruth] {
        recipes(of: athlete, at: now ?? epoch).map(ActivityTruth.init)
    }

    public func truth(for activity: ActivityID) -> ActivityTruth? {
        withRecord(holding: activity) { $0.recipe(activity) }.map(ActivityTruth.init)
    }

    // MARK: For the endpoints

    func spec(_ athlete: AthleteID) -> AthleteSpec? {
        ordinals[athlete].map { ordinal in
            var spec = specs[ordinal]
            spec.ftp_w = ftps.withLock { $0[athlete] } ?? spec.ftp_w
            return spec
        }
    }
    func ordinal(_ athlete: AthleteID) -> Int? { ordinals[athlete] }

    func recipes(of athlete: AthleteID, at now: Date) -> [ActivityRecipe] {
        withRecord(athlete, at: now) { $0.recipes } ?? []
    }

    func recipe(_ id: ActivityID, of athlete: AthleteID, at now: Date) -> ActivityRecipe? {
        withRecord(athlete, at: now) { $0.recipe(id) } ?? nil
    }

    /// From now on reports each mutation to this observer alone.
    func observe(_ report: (@Sendable (WorldEvent) -> Void)?) { observer.withLock { $0 = report } }
    private func report(_ event: WorldEvent) { observer.withLock { $0 }?(event) }

    /// The record of an athlete, with the live activities that have appeared at `now`.
    private func withRecord<Result: Sendable>(
        _ athlete: AthleteID, at now: Date? = nil, _ body: (inout AthleteRecord) -> Result
    ) -> Result? {
        guard let ordinal = ordinals[athlete] else { return nil }
        return records.withLock { records in
            var record =
                records[ordinal]
                ?? AthleteRecord(spec: specs[ordinal], ordinal: ordinal, worldSeed: seed, epoch_s: epoch.epoch_s)
            records[ordinal] = nil
            if let live, let now {
                record.addLive(live, athletes: specs.count, worldSeed: seed, epoch_s: epoch.epoch_s, now_s: now.epoch_s)
            }
            let result = body(&record)
            records[ordinal] = record
            return result
        }
    }

    private func withRecord<Result: Sendable>(holding id: ActivityID, _ body: (inout AthleteRecord) -> Result?) -> Result? {
        guard let ordinal = RecipeMaker.ordinal(ofID: id), specs.indices.contains(ordinal) else { return nil }
        return withRecord(specs[ordinal].id, body) ?? nil
    }
}

/// The athletes' own edits. Each returns false when there is no such activity.
extension SimulatorWorld {
    /// An upload: late (an old start date), future-dated, or with streams that are not ready yet.
    @discardableResult
    public func addActivity(to athlete: AthleteID, _ wish: NewActivity) -> ActivityID {
        let seed = self.seed
        guard let recipe = withRecord(athlete, { $0.add(wish, worldSeed: seed) }) else {
            preconditionFailure("athlete \(athlete) is not in this world")
        }
        report(.created(recipe))
        return recipe.id
    }

    @discardableResult
    public func delete(_ id: ActivityID) -> Bool {
        guard let recipe = withRecord(holding: id, { $0.remove(id) }) else { return false }
        report(.deleted(recipe))
        return true
    }

    /// Cuts off the end: same id, other figures, shorter streams, no event.
    @discardableResult
    public func crop(_ id: ActivityID, keeping share: Double) -> Bool {
        edit(id) { $0.keptPoints = min($0.keptPoints, max(2, Int(Double($0.keptPoints) * share))) } != nil
    }

    @discardableResult
    public func rename(_ id: ActivityID, to name: String) -> Bool {
        guard let recipe = edit(id, { $0.name = name }) else { return false }
        report(.updated(recipe, field: "title", value: name))
        return true
    }

    @discardableResult
    public func changeSport(_ id: ActivityID, sportType: String, type: String) -> Bool {
        let recipe = edit(id) {
            $0.sportType = sportType
            $0.legacyType = type
        }
        guard let recipe else { return false }
        report(.updated(recipe, field: "type", value: type))
        return true
    }

    @discardableResult
    public func setVisibility(_ id: ActivityID, _ visibility: ActivityVisibility) -> Bool {
        var wasPrivate = false
        let recipe = edit(id) {
            wasPrivate = $0.visibility == .onlyMe
            $0.visibility = visibility
        }
        guard let recipe else { return false }
        if wasPrivate != (visibility == .onlyMe) { report(.visibilityChanged(recipe, wasPrivate: wasPrivate)) }
        return true
    }

    @discardableResult
    public func makePrivate(_ id: ActivityID) -> Bool { setVisibility(id, .onlyMe) }

    /// Sets another bike or pair of shoes, or none; no event.
    @discardableResult
    public func changeGear(_ id: ActivityID, to gearID: String?) -> Bool {
        edit(id) { $0.gearID = gearID } != nil
    }

    /// Hides or shows the start time. A hidden one is listed as one second past midnight of its day.
    @discardableResult
    public func hideStartTime(_ id: ActivityID, _ hidden: Bool = true) -> Bool {
        edit(id) { $0.hidesStart = hidden } != nil
    }

    /// Sets the FTP of the profile, in watts; no event.
    public func setFTP(_ watts: Int, of athlete: AthleteID) { ftps.withLock { $0[athlete] = watts } }

    private func edit(_ id: ActivityID, _ change: (inout ActivityRecipe) -> Void) -> ActivityRecipe? {
        withRecord(holding: id) { $0.edit(id, change) }
    }
}

extension SimulatorWorld {
    /// The demo: 5 athletes with 250 activities of mixed kinds, and a new one about every 45 seconds.
    ///
    /// The same seed and epoch give the same world.
    public static func demo(seed: UInt64 = 1, epoch: Date) -> SimulatorWorld {
        let counts = [60, 55, 50, 45, 40]
        let specs = counts.enumerated().map { place, count in
            AthleteSpec(id: AthleteID(4_200_001 + Int64(place)), activityCount: count, isSubscriber: place != 3)
        }
        return SimulatorWorld(
            seed: seed, epoch: epoch, athletes: specs, live: LivePlan(interval_s: 45 * Double(counts.count), countMax: 500))
    }
}

/// A mutation of which Strava sends an event (docs/strava-api.md 4): crops, gear and descriptions are not among them.
enum WorldEvent: Sendable {
    case created(ActivityRecipe)
    case deleted(ActivityRecipe)
    /// A new title or type.
    case updated(ActivityRecipe, field: String, value: String)
    case visibilityChanged(ActivityRecipe, wasPrivate: Bool)

    var recipe: ActivityRecipe {
        switch self {
        case .created(let recipe), .deleted(let recipe), .updated(let recipe, _, _), .visibilityChanged(let recipe, _): recipe
        }
    }
}

/// One athlete's account: recipes, newest first, to which live activities are added as time goes on.
private struct AthleteRecord: Sendable {
    let spec: AthleteSpec
    let ordinal: Int
    private(set) var recipes: [ActivityRecipe] = []
    private var liveCount = 0
    private var addedCount = 0

    init(spec: AthleteSpec, ordinal: Int, worldSeed: UInt64, epoch_s: Int64) {
        self.spec = spec
        self.ordinal = ordinal
        let maker = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal)
        recipes = (0..<spec.activityCount).map { maker.history($0, epoch_s: epoch_s) }
        recipes.sort(by: Self.newestFirst)
    }

    mutating func addLive(_ plan: LivePlan, athletes: Int, worldSeed: UInt64, epoch_s: Int64, now_s: Int64) {
        let due = plan.count(ordinal: ordinal, athletes: athletes, epoch_s: epoch_s, now_s: now_s)
        guard due > liveCount else { return }
        let maker = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal)
        for index in liveCount..<due {
            let appears = plan.appears(index, ordinal: ordinal, athletes: athletes, epoch_s: epoch_s)
            insert(maker.live(index, appears_s: appears, pointsMax: plan.pointsMax))
        }
        liveCount = due
    }

    mutating func add(_ wish: NewActivity, worldSeed: UInt64) -> ActivityRecipe {
        let recipe = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal).added(addedCount, wish)
        addedCount += 1
        insert(recipe)
        return recipe
    }

    func recipe(_ id: ActivityID) -> ActivityRecipe? { recipes.first { $0.id == id } }

    mutating func remove(_ id: ActivityID) -> ActivityRecipe? {
        guard let index = recipes.firstIndex(where: { $0.id == id }) else { return nil }
        return recipes.remove(at: index)
    }

    /// Edits a recipe and moves it to the place of its start date. Nil when there is none with this id.
    mutating func edit(_ id: ActivityID, _ change: (inout ActivityRecipe) -> Void) -> ActivityRecipe? {
        guard var recipe = remove(id) else { return nil }
        change(&recipe)
        recipe.version += 1
        insert(recipe)
        return recipe
    }

    private mutating func insert(_ recipe: ActivityRecipe) {
        let index = recipes.firstIndex { Self.newestFirst(recipe, $0) } ?? recipes.count
        recipes.insert(recipe, at: index)
    }

    private static func newestFirst(_ left: ActivityRecipe, _ right: ActivityRecipe) -> Bool {
        let (leftStart, rightStart) = (left.listedStart_s, right.listedStart_s)
        return leftStart != rightStart ? leftStart > rightStart : left.id > right.id
    }
}
