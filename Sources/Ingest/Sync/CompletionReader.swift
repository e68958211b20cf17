import Core
import Database
import Foundation
import Governor
import SyncStore

/// Forecasts when histories will be complete, from the ledger and the governor's state. The ledger is read less often than asked: reading takes
/// at most a twentieth of one connection's time.
public struct CompletionReader: Sendable {
    /// What all athletes that can be synced now still need.
    private struct Fleet: Sendable {
        let work: [AthleteID: AthleteWork]
        /// When the last of what failed is tried again; nil: nothing waits for another try.
        let retryAt: Date?
        /// The latest next turn of athletes whose last turn failed and who need something; nil: there are none.
        let turnAt: Date?
        /// Some athletes need something, and the last turn of each of them failed.
        let isBackingOff: Bool
        let load: FleetLoad
        let eventsAreHealthy: Bool
    }

    /// A forecast, and what it says of those who were asked about.
    public struct Outcome: Sendable {
        public let forecast: CompletionForecast
        /// Until all is complete that was asked about; no sooner than the last of what failed is tried again.
        public let seconds: Double
        /// The last turn of each athlete who needs something failed.
        public let isBackingOff: Bool
    }

    private let governor: RateLimitGovernor
    private let settings: @Sendable () -> SyncSettings
    private let fleet: CachedValue<Fleet>
    private let clock: WallClock

    /// - Parameter settings: those of now.
    public init(database: Database, governor: RateLimitGovernor, settings: @escaping @Sendable () -> SyncSettings, clock: WallClock) {
        self.governor = governor
        self.settings = settings
        self.clock = clock
        fleet = CachedValue(.afterLoadTimes(20), clock: clock) { try await Self.read(database, now: clock.now) }
    }

    /// The setting for the past, which a request may overrule.
    public var history: HistoryChoice { settings().history }

    /// - Parameters:
    ///   - athlete: whose history needs `calls`, whatever the ledger says; nil: the histories of all need so many in all.
    ///   - calls: nil: as the ledger says.
    ///   - first: calls that were asked for and come before all else.
    ///   - retryAt: when the last of these calls that failed is tried again; nil: none waits. Without `calls` the ledger says that, too.
    /// - Returns: the forecast; the obstacle when nothing can be said.
    /// - Throws: `DatabaseError`.
    public func forecast(
        _ athlete: AthleteID? = nil, calls: Int? = nil, first: Int = 0, retryAt: Date? = nil
    ) async throws -> Result<Outcome, QuotaObstacle> {
        let (fleet, settings) = (try await fleet.value(), settings())
        return QuotaOutlook.of(await governor.snapshot()).flatMap { outlook in
            var work = fleet.work
            var asked: AthleteWork?
            if let athlete, let calls {
                var one = work[athlete] ?? AthleteWork(missing: 0, listed: 0, recent: 0, hasWalked: true)
                (one.missing, one.hasWalked) = (calls, true)
                (work[athlete], asked) = (one, one)
            } else if let calls {
                let share = Double(calls) / Double(max(1, work.values.reduce(0) { $0 + $1.missing }))
                work = work.mapValues { athlete in
                    var athlete = athlete
                    athlete.missing = Int((Double(athlete.missing) * share).rounded(.up))
                    return athlete
                }
            }
            var pace = SyncPace(load: fleet.load, dayLimit: outlook.dayLimit, settings: settings)
            if fleet.eventsAreHealthy { pace.eventStretch = settings.eventStretch }
            let forecast = CompletionForecast(Array(work.values), first: first, outlook: outlook, settings: settings, pace: pace)
            let fetched_s = asked.map { max(forecast.first_s, forecast.seconds($0)) } ?? forecast.all_s
            let waits = calls == nil ? [fleet.retryAt, fleet.turnAt] : [retryAt]
            let waited_s = waits.compactMap { $0?.timeIntervalSince(clock.now) }.max() ?? 0
            guard fetched_s <= CompletionForecast.foreseeable_s else { return .failure(.quotaTaken) }
            return .success(Outcome(forecast: forecast, seconds: max(fetched_s, waited_s), isBackingOff: fleet.isBackingOff))
        }
    }

    private static func read(_ database: Database, now: Date) async throws -> Fleet {
        // Work that is postponed indefinitely is not wanted.
        let rows = try await database.query(
            """
            SELECT a.athlete_id, coalesce(w.missing, 0), coalesce(v.listed, 0), coalesce(v.recent, 0), c.history_complete_at IS NOT NULL,
                   CASE WHEN s.lease_owner IS NOT NULL THEN 0
                       ELSE percent_rank() OVER (PARTITION BY s.priority, s.lease_owner IS NULL ORDER BY s.due_at) END,
                   w.retry_at, CASE WHEN s.failures > 0 AND s.lease_owner IS NULL AND s.due_at > \(now) THEN s.due_at END
            FROM sync.athlete a JOIN sync.cursor c USING (athlete_id) JOIN sync.schedule s USING (athlete_id)
            LEFT JOIN (
                SELECT athlete_id, count(*) AS missing, max(next_try_at) AS retry_at FROM sync.completeness
                WHERE state IN ('pending', 'failed') AND next_try_at IS DISTINCT FROM 'infinity' GROUP BY athlete_id) w USING (athlete_id)
            LEFT JOIN (
                SELECT athlete_id, count(*) AS listed,
                       count(*) FILTER (WHERE start_at > \(now.addingTimeInterval(-28 * 86_400))) AS recent
                FROM sync.activity WHERE gone_at IS NULL GROUP BY athlete_id) v USING (athlete_id)
            WHERE a.state = 'active' AND (a.paused_until IS NULL OR a.paused_until <= \(now))
            """)
        var work: [AthleteID: AthleteWork] = [:]
        var (retries, turns, busy) = ([Date](), [Date](), 0)
        for row in rows {
            let (athlete, missing, listed, recent, hasWalked, ahead, retryAt, turnAt) = try row.decode(
                AthleteID.self, Int.self, Int.self, Int.self, Bool.self, Double.self, Date?.self, Date?.self)
            work[athlete] = AthleteWork(missing: missing, listed: listed, recent: recent, hasWalked: hasWalked, ahead: ahead)
            if let retryAt { retries.append(retryAt) }
            if missing == 0, hasWalked { continue }
            busy += 1
            if let turnAt { turns.append(turnAt) }
        }
        return Fleet(
            work: work, retryAt: retries.max(), turnAt: turns.max(), isBackingOff: busy > 0 && turns.count == busy,
            load: try await ScheduleQueries(database: database).fleetLoad(now: now),
            eventsAreHealthy: try await EventHealth.read(database, now: now).state == .healthy)
    }
}
