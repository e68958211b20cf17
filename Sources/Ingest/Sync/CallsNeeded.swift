import Core
import Database
import Foundation

/// Calls to Strava that a sync would make, as far as the ledger knows. Nothing is changed by counting them.
public struct CallsNeeded: Sendable, Equatable {
    /// Athletes that would be synced: those with a grant.
    public let athletes: Int
    public let list: Int
    /// The athletes' own objects: profile, zones and gear.
    public let profile: Int
    public let detail: Int
    public let streams: Int
    /// Athletes whose list was never read to its end: what is behind it is not counted.
    public let unknownHistories: Int

    public init(athletes: Int, list: Int, profile: Int, detail: Int, streams: Int, unknownHistories: Int) {
        self.athletes = athletes
        self.list = list
        self.profile = profile
        self.detail = detail
        self.streams = streams
        self.unknownHistories = unknownHistories
    }

    public var total: Int { list + profile + detail + streams }
}

/// Counts what a sync of one athlete, or of all, would cost.
public struct CallCounter: Sendable {
    private let database: Database
    private let settings: SyncSettings

    public init(database: Database, settings: SyncSettings = SyncSettings()) {
        self.database = database
        self.settings = settings
    }

    /// - Parameters:
    ///   - athlete: nil: all.
    ///   - only: these steps alone; nil: all.
    public func count(_ athlete: AthleteID?, full: Bool, only: [SyncStep]?, now: Date) async throws -> CallsNeeded {
        let (first, last) = (athlete?.rawValue ?? Int64.min, athlete?.rawValue ?? Int64.max)
        let profileOld = now.addingTimeInterval(-settings.profileInterval_s)
        let rows = try await database.query(
            """
            SELECT count(*), coalesce(sum(\(raw: Self.listCalls(full: full))), 0)::bigint,
                   coalesce(sum(o.calls), 0)::bigint,
                   coalesce(sum(w.detail), 0)::bigint, coalesce(sum(w.streams), 0)::bigint,
                   count(*) FILTER (WHERE c.history_complete_at IS NULL)
            FROM sync.athlete a
            LEFT JOIN sync.cursor c USING (athlete_id)
            LEFT JOIN LATERAL (SELECT count(*) AS activities FROM sync.activity v
                WHERE v.athlete_id = a.athlete_id AND v.gone_at IS NULL) known ON true
            LEFT JOIN LATERAL (
                SELECT 2 - count(*) FILTER (WHERE g.endpoint <> 'gear') + count(*) FILTER (WHERE g.state IN ('pending', 'failed')
                    OR g.endpoint <> 'gear' AND g.state NOT IN ('no_scope', 'quarantined') AND \(full || athlete != nil)
                    OR g.endpoint = 'profile' AND g.checked_at <= \(profileOld)) AS calls
                FROM sync.athlete_object g WHERE g.athlete_id = a.athlete_id) o ON true
            LEFT JOIN LATERAL (
                SELECT count(*) FILTER (WHERE k.endpoint = 'detail') AS detail, count(*) FILTER (WHERE k.endpoint = 'streams') AS streams
                FROM sync.completeness k WHERE k.athlete_id = a.athlete_id AND k.state IN ('pending', 'failed')) w ON true
            WHERE a.athlete_id BETWEEN \(first) AND \(last) AND a.state = 'active'
            """)
        let (athletes, list, profile, detail, streams, unknown) = try rows[0].decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        func wanted(_ step: SyncStep, _ calls: Int) -> Int { only?.contains(step) ?? true ? calls : 0 }
        return CallsNeeded(
            athletes: athletes, list: wanted(.list, list), profile: only == nil ? profile : 0, detail: wanted(.detail, detail),
            streams: wanted(.streams, streams), unknownHistories: unknown)
    }

    /// Pages of 200 and the empty one that ends a pass; a look for what is new that is asked for costs two.
    private static func listCalls(full: Bool) -> String {
        let pages = "((known.activities + 199) / 200 + 1)"
        return """
            CASE WHEN c.walk_page IS NOT NULL THEN greatest(1, \(pages) - (c.walk_page - 1))
                 WHEN \(full) THEN \(pages)
                 ELSE 2 END
            """
    }
}
