import ControlAPI
import Core
import Database
import Foundation
import Governor
import Hummingbird
import Sync

extension ControlRoutes {
    func price(_ id: Int64?, _ request: Request) async throws -> PriceMessage {
        let full = try RequestReading.flag(request, "full")
        let only = try RequestReading.steps(request)
        if let id { _ = try await athlete(id) }
        let now = dependencies.clock.now
        let calls = try await CallCounter(database: dependencies.database).count(id.map { AthleteID($0) }, full: full, only: only, now: now)
        let regular = try await regularCallsPerDay(now: now)
        let snapshot = await dependencies.governor.snapshot()
        guard let quota = QuotaSituation(snapshot, calls: calls.total, regularPerDay: regular, isForAll: id == nil) else {
            throw ControlRefusal(.unavailable, "the quota is not known yet; try again soon")
        }
        return PriceMessage(
            athletes: calls.athletes, calls: CallsMessage(calls), unknownHistories: calls.unknownHistories,
            durationS: Int(PricePlan(quota: quota, now: now).duration_s(calls: calls.total).rounded(.up)),
            ordinaryCallsPerDay: regular, dayLimit: quota.dayLimit, dayLeft: max(0, quota.dayLimit - quota.dayUsed))
    }

    /// Calls made by turns of the regular schedule in the last 24 hours.
    private func regularCallsPerDay(now: Date) async throws -> Int {
        let rows = try await dependencies.database.query(
            """
            SELECT coalesce(sum(requests), 0)::bigint FROM sync.run
            WHERE kind = 'rhythm' AND finished_at > \(now.addingTimeInterval(-86_400))
            """)
        return try rows[0].decode(Int.self)
    }
}

extension CallsMessage {
    init(_ calls: CallsNeeded) {
        self.init(
            list: calls.list, profile: calls.profile, detail: calls.detail, streams: calls.streams, activityZones: calls.activityZones)
    }
}

extension QuotaSituation {
    /// A request for one athlete goes before the regular schedule; one for all competes with it. Nil: the governor shows no windows.
    fileprivate init?(_ snapshot: GovernorSnapshot, calls: Int, regularPerDay: Int, isForAll: Bool) {
        guard let quarter = snapshot.windows.first(where: { $0.span == .quarter }),
            let day = snapshot.windows.first(where: { $0.span == .day })
        else { return nil }
        self.init(
            quarterLimit: quarter.limit, quarterUsed: quarter.used, dayLimit: day.limit, dayUsed: day.used, dayEndsAt: day.resetsAt,
            regularPerDay: isForAll ? regularPerDay : 0,
            isSpread: isForAll && (snapshot.policy == .spread || snapshot.policy == .automatic && calls > day.limit - day.used))
    }
}

/// Calls to Strava that a sync would make, as far as the ledger knows.
struct CallsNeeded: Sendable, Equatable {
    /// Athletes that would be synced: those with a grant.
    let athletes: Int
    let list: Int
    /// Own objects: profile, zones, stats and gear.
    let profile: Int
    let detail: Int
    let streams: Int
    /// Strava's zones of activities.
    var activityZones = 0
    /// Athletes whose list was never read to its end: their unlisted activities are not counted.
    let unknownHistories: Int

    var total: Int { list + profile + detail + streams + activityZones }
}

/// Counts the calls that a sync of one athlete, or of all, would make. Changes nothing.
struct CallCounter: Sendable {
    let database: Database

    /// - Parameters:
    ///   - athlete: nil: all.
    ///   - only: these steps; nil: all.
    func count(_ athlete: AthleteID?, full: Bool, only: [SyncStep]?, now: Date) async throws -> CallsNeeded {
        let ids = AthleteRange.of(athlete?.rawValue)
        let old = now.addingTimeInterval(-SyncSettings().profileInterval_s)
        let rows = try await database.query(
            """
            SELECT count(*), coalesce(sum(\(raw: Self.listCalls(full: full))), 0)::bigint,
                   coalesce(sum(o.calls), 0)::bigint,
                   coalesce(sum(w.detail), 0)::bigint, coalesce(sum(w.streams), 0)::bigint, coalesce(sum(w.zones), 0)::bigint,
                   count(*) FILTER (WHERE c.history_complete_at IS NULL)
            FROM sync.athlete a
            LEFT JOIN sync.cursor c USING (athlete_id)
            LEFT JOIN LATERAL (SELECT count(*) AS activities FROM sync.activity v
                WHERE v.athlete_id = a.athlete_id AND v.gone_at IS NULL) known ON true
            LEFT JOIN LATERAL (
                SELECT \(SyncPlan.ownObjectsMin) - count(*) FILTER (WHERE g.endpoint <> 'gear')
                    + count(*) FILTER (WHERE g.state IN ('pending', 'failed') OR CASE g.endpoint
                        WHEN 'profile' THEN g.state <> 'no_scope'
                        WHEN 'athlete_zones' THEN g.state NOT IN ('no_scope', 'quarantined') AND \(full || athlete != nil)
                        WHEN 'athlete_stats' THEN g.state NOT IN ('no_scope', 'quarantined') AND g.checked_at <= \(old)
                    END) AS calls
                FROM sync.athlete_object g WHERE g.athlete_id = a.athlete_id) o ON true
            LEFT JOIN LATERAL (
                SELECT count(*) FILTER (WHERE k.endpoint = 'detail') AS detail, count(*) FILTER (WHERE k.endpoint = 'streams') AS streams,
                       count(*) FILTER (WHERE k.endpoint = 'zones') AS zones
                FROM sync.completeness k WHERE k.athlete_id = a.athlete_id AND k.state IN ('pending', 'failed')) w ON true
            WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND a.state = 'active'
            """)
        let (athletes, list, profile, detail, streams, zones, unknown) = try rows[0].decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        func wanted(_ step: SyncStep, _ calls: Int) -> Int { only?.contains(step) ?? true ? calls : 0 }
        return CallsNeeded(
            athletes: athletes, list: wanted(.list, list), profile: only == nil ? profile : 0, detail: wanted(.detail, detail),
            streams: wanted(.streams, streams), activityZones: only == nil ? zones : 0, unknownHistories: unknown)
    }

    /// Pages of 200 activities and the empty one that ends a pass; a requested look takes two calls.
    private static func listCalls(full: Bool) -> String {
        let pages = "((known.activities + 199) / 200 + 1)"
        return """
            CASE WHEN c.walk_page IS NOT NULL THEN greatest(1, \(pages) - (c.walk_page - 1))
                 WHEN \(full) THEN \(pages)
                 ELSE 2 END
            """
    }
}

/// The state of the quota, for estimating a duration.
struct QuotaSituation: Sendable, Equatable {
    /// Calls per quarter hour, and those used in the current one.
    let quarterLimit: Int
    let quarterUsed: Int
    /// Calls per UTC day, and those used today.
    let dayLimit: Int
    let dayUsed: Int
    /// When the day ends.
    let dayEndsAt: Date
    /// Calls per day that the regular schedule of all athletes takes.
    let regularPerDay: Int
    /// Whether calls are spread evenly over the day, as for work on all athletes that would use up the daily quota.
    let isSpread: Bool
}

/// Estimates how long calls take under a quota. Pure.
struct PricePlan: Sendable {
    /// The regular schedule is assumed to leave at least this share of a day to other work.
    private static let freeShareMin = 0.05
    private static let day_s: Double = 86_400
    private static let quarter_s: Double = 900

    let quota: QuotaSituation
    let now: Date

    /// Seconds until `calls` more calls have been made.
    func duration_s(calls: Int) -> Double {
        if calls <= 0 { return 0 }
        let left_s = max(1, quota.dayEndsAt.timeIntervalSince(now))
        let free = freeToday(left_s)
        if Double(calls) <= free { return withinDay(calls: Double(calls), free: free, left_s: left_s) }
        let rest = Double(calls) - free
        let days = (rest / freePerDay).rounded(.down)
        let last = rest - days * freePerDay
        return left_s + days * Self.day_s + withinDay(calls: last, free: freePerDay, left_s: Self.day_s, quarterUsed: 0)
    }

    /// Calls that the regular schedule leaves of a whole day.
    private var freePerDay: Double {
        let limit = Double(max(1, quota.dayLimit))
        return max(1, max(limit * Self.freeShareMin, limit - Double(quota.regularPerDay)))
    }

    private func freeToday(_ left_s: Double) -> Double {
        let left = Double(max(0, quota.dayLimit - quota.dayUsed))
        let regular = Double(quota.regularPerDay) * min(1, left_s / Self.day_s)
        return max(left * Self.freeShareMin, left - regular)
    }

    private func withinDay(calls: Double, free: Double, left_s: Double, quarterUsed: Int? = nil) -> Double {
        if calls <= 0 { return 0 }
        if quota.isSpread { return left_s * calls / max(free, 1) }
        let now = Double(max(0, quota.quarterLimit - (quarterUsed ?? quota.quarterUsed)))
        if calls <= now { return 0 }
        return ((calls - now) / Double(max(1, quota.quarterLimit))).rounded(.up) * Self.quarter_s
    }
}
