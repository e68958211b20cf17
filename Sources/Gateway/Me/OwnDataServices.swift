import Core
import OwnData
import Sync
import Synchronization

/// What the routes of an athlete's own data stand on.
public struct OwnDataServices: Sendable {
    /// Makes the athlete due now. Returns the number of the run, which `GET /v1/runs/{run}` shows.
    public typealias RequestSync = @Sendable (AthleteID) async throws -> Int64

    /// Erases the athlete.
    public typealias Erase = @Sendable (AthleteID) async throws -> ErasureReceipt

    /// Nil: there is no login for it.
    let reader: AthleteReader?
    let thresholds: ThresholdDesk
    let requestSync: RequestSync
    let erase: Erase

    public init(reader: AthleteReader?, thresholds: ThresholdDesk, requestSync: @escaping RequestSync, erase: @escaping Erase) {
        self.reader = reader
        self.thresholds = thresholds
        self.requestSync = requestSync
        self.erase = erase
    }
}

/// Which athletes' exports are running: each holds a connection for as long as its client reads.
final class ExportSlots: Sendable {
    /// One connection of `ConnectionShares.ownQueries` stays for queries.
    static let countMax = 2

    private let running = Mutex<Set<AthleteID>>([])

    /// A slot until its last reference goes; nil: the athlete has one, or all are taken.
    func take(_ athlete: AthleteID) -> ExportSlot? {
        let isTaken = running.withLock { $0.count < Self.countMax && $0.insert(athlete).inserted }
        return isTaken ? ExportSlot(self, athlete) : nil
    }

    fileprivate func give(_ athlete: AthleteID) { _ = running.withLock { $0.remove(athlete) } }
}

/// The right to run one export.
final class ExportSlot: Sendable {
    private let slots: ExportSlots
    private let athlete: AthleteID

    fileprivate init(_ slots: ExportSlots, _ athlete: AthleteID) {
        self.slots = slots
        self.athlete = athlete
    }

    deinit { slots.give(athlete) }
}

/// How often an athlete's programs may ask for a sync: each costs calls of the quota that all athletes share.
final class SyncPauses: Sendable {
    static let pause_s = 300
    /// Athletes in memory. Those whose pause is over are forgotten first.
    private static let athletesMax = 100_000

    private let asked = Mutex<[AthleteID: Double]>([:])
    private let clock: WallClock

    init(clock: WallClock) { self.clock = clock }

    /// Whole seconds until the athlete may ask again; nil: it may now, and has.
    func take(_ athlete: AthleteID) -> Int? {
        let now_s = clock.uptime_s
        return asked.withLock { asked in
            if let last = asked[athlete], now_s - last < Double(Self.pause_s) {
                return max(1, Int((last + Double(Self.pause_s) - now_s).rounded(.up)))
            }
            if asked.count >= Self.athletesMax { asked = asked.filter { now_s - $0.value < Double(Self.pause_s) } }
            guard asked.count < Self.athletesMax else { return Self.pause_s }
            asked[athlete] = now_s
            return nil
        }
    }

    /// The request could not be written: it does not count.
    func forget(_ athlete: AthleteID) { _ = asked.withLock { $0.removeValue(forKey: athlete) } }
}
