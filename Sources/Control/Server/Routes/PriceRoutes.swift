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
        let choice = try RequestReading.history(request)
        if only != nil, choice != nil {
            throw ControlRefusal.badRequest("history can't be used with only, which names the steps itself")
        }
        let athlete = id.map { AthleteID($0) }
        let asked = SyncRequest(full: full, by: "", at: 0, only: only, history: choice)
        let standing = try await standing(ofPriced: id)
        let now = dependencies.clock.now
        let calls = try await CallCounter(database: dependencies.database).count(
            athlete, full: full, only: only, history: asked.pastWanted(setting: dependencies.completion.history), now: now)
        let snapshot = await dependencies.governor.snapshot()
        guard let day = snapshot.windows.first(where: { $0.span == .day }) else {
            throw ControlRefusal(.unavailable, "the quota is not known yet; try again soon")
        }
        let forecast = try await dependencies.completion.forecast(
            athlete, calls: calls.history, first: calls.total - calls.history, retryAt: calls.latestRetryAt)
        var (seconds, unknown) = (Double?.none, standing?.unpredictable)
        switch forecast {
        case .failure(let obstacle): unknown = unknown ?? obstacle.rawValue
        case .success(let outcome): if unknown == nil { seconds = outcome.seconds }
        }
        if calls.unknownHistories > 0 { unknown = unknown ?? "list_not_read" }
        return PriceMessage(
            athletes: calls.athletes, calls: CallsMessage(calls), unknownHistories: calls.unknownHistories,
            durationS: seconds.map { Int($0.rounded()) }, completesAt: unknown == nil ? seconds.map { now.addingTimeInterval($0) } : nil,
            unknownBecause: unknown, ordinaryCallsPerDay: try await regularCallsPerDay(now: now), dayLimit: day.limit,
            dayLeft: day.exhausted ? 0 : max(0, day.limit - day.used))
    }

    /// Nil: of all athletes.
    private func standing(ofPriced id: Int64?) async throws -> AthleteStanding? {
        guard let id else { return nil }
        return try await standing(of: try await athlete(id), now: dependencies.clock.now)
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

    /// When the last of these calls that failed is tried again; nil: all can be made now.
    var latestRetryAt: Date?

    var total: Int { list + profile + history }
    /// Calls for activities.
    var history: Int { detail + streams + activityZones }
}

/// Counts the calls that a sync of one athlete, or of all, would make. Changes nothing.
struct CallCounter: Sendable {
    let database: Database

    /// - Parameters:
    ///   - athlete: nil: all.
    ///   - only: these steps; nil: all.
    ///   - history: what is fetched of the past; nil: as the ledger says. What it postpones indefinitely is not counted.
    func count(
        _ athlete: AthleteID?, full: Bool = false, only: [SyncStep]? = nil, history: HistoryChoice? = nil, now: Date
    ) async throws -> CallsNeeded {
        let endpoints = ["detail", "streams", "zones"].filter { endpoint in only?.contains { $0.rawValue == endpoint } ?? true }
        let rows = try await database.query(Self.statement(athlete, full: full, endpoints, history: history, now: now))
        let (athletes, list, profile, detail, streams, zones, unknown, latest) = try rows[0].decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Date?.self)
        func wanted(_ step: SyncStep, _ calls: Int) -> Int { only?.contains(step) ?? true ? calls : 0 }
        return CallsNeeded(
            athletes: athletes, list: wanted(.list, list), profile: only == nil ? profile : 0, detail: wanted(.detail, detail),
            streams: wanted(.streams, streams), activityZones: only == nil ? zones : 0, unknownHistories: unknown,
            latestRetryAt: latest.flatMap { $0 > now ? $0 : nil })
    }

    private static func statement(_ athlete: AthleteID?, full: Bool, _ endpoints: [String], history: HistoryChoice?, now: Date) -> SQL {
        let ids = AthleteRange.of(athlete?.rawValue)
        let leavesOutPast = history == .streamsOnly
        let takesPostponed = history.map { $0 != .streamsOnly } ?? false
        let old = now.addingTimeInterval(-SyncSettings().profileInterval_s)
        return """
            SELECT count(*), coalesce(sum(\(raw: listCalls(full: full))), 0)::bigint,
                   coalesce(sum(o.calls), 0)::bigint,
                   coalesce(sum(w.detail), 0)::bigint, coalesce(sum(w.streams), 0)::bigint, coalesce(sum(w.zones), 0)::bigint,
                   count(*) FILTER (WHERE c.history_complete_at IS NULL), max(w.latest)
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
                SELECT v.start_at FROM sync.activity v WHERE \(leavesOutPast) AND v.athlete_id = a.athlete_id AND v.gone_at IS NULL
                ORDER BY v.start_at DESC OFFSET \(SyncSettings().newestFirstCount - 1) LIMIT 1) newest ON true
            LEFT JOIN LATERAL (
                SELECT count(*) FILTER (WHERE k.endpoint = 'detail') AS detail, count(*) FILTER (WHERE k.endpoint = 'streams') AS streams,
                       count(*) FILTER (WHERE k.endpoint = 'zones') AS zones,
                       max(nullif(k.next_try_at, 'infinity')) FILTER (WHERE k.endpoint = ANY (\(endpoints))) AS latest
                FROM sync.completeness k WHERE k.athlete_id = a.athlete_id AND k.state IN ('pending', 'failed')
                  AND (k.next_try_at IS DISTINCT FROM 'infinity' OR \(takesPostponed) AND k.reason = \(HistoryChoice.notWantedReason))
                  AND NOT coalesce(k.endpoint = 'detail' AND k.reason IS NULL AND k.start_at < least(
                      newest.start_at, \(now.addingTimeInterval(-HistoryChoice.new_s))) AND newest.start_at IS NOT NULL, false)) w ON true
            WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND a.state = 'active'
            """
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
