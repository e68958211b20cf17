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

    // MARK: For the server

    func spec(_ athlete: AthleteID) -> AthleteSpec? { ordinals[athlete].map { specs[$0] } }
    func ordinal(_ athlete: AthleteID) -> Int? { ordinals[athlete] }

    func recipes(of athlete: AthleteID, at now: Date) -> [ActivityRecipe] {
        withRecord(athlete, at: now) { $0.recipes } ?? []
    }

    func recipe(_ id: ActivityID, of athlete: AthleteID, at now: Date) -> ActivityRecipe? {
        withRecord(athlete, at: now) { $0.recipe(id) } ?? nil
    }

    /// Reports each mutation from now on; one observer, the server's.
    func observe(_ report: (@Sendable (WorldEvent) -> Void)?) { observer.withLock { $0 = report } }
    func report(_ event: WorldEvent) { observer.withLock { $0 }?(event) }

    /// The record of an athlete, brought up to `now`.
    func withRecord<Result: Sendable>(
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

    func withRecord<Result: Sendable>(holding id: ActivityID, _ body: (inout AthleteRecord) -> Result?) -> Result? {
        guard let ordinal = RecipeMaker.ordinal(ofID: id), specs.indices.contains(ordinal) else { return nil }
        return withRecord(specs[ordinal].id, body) ?? nil
    }
}
