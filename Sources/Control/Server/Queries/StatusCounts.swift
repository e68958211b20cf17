import ControlAPI
import Core
import Database
import Foundation
import Sync

/// What `status` counts in Postgres, and when.
struct StatusCounts: Sendable {
    let athletes: StatusMessage.Athletes
    let activities: Int
    let endpoints: [EndpointCounts]
    let silver: StatusMessage.Silver
    let quality: [QualityCount]
    let events: StatusMessage.Events
    let at: Date

    static func count(_ database: Database, now: Date) async throws -> StatusCounts {
        let answers = try await database.withConnection { connection in
            try await connection.pipeline([athletesSQL(now), activitiesSQL, endpointsSQL, silverSQL, qualitySQL])
        }
        return StatusCounts(
            athletes: try athletes(answers[0][0]), activities: try answers[1][0].decode(Int.self),
            endpoints: try EndpointCounting.endpoints(answers[2]), silver: try silver(answers[3][0]),
            quality: try answers[4].map(quality), events: .init(try await EventHealth.read(database, now: now)), at: now)
    }

    private static func athletesSQL(_ now: Date) -> SQL {
        """
        SELECT count(*), count(*) FILTER (WHERE a.state = 'active'), count(*) FILTER (WHERE a.state = 'active' AND a.paused_until > \(now)),
               count(*) FILTER (WHERE a.state = 'reconnect'), count(*) FILTER (WHERE a.state = 'erasing'),
               count(*) FILTER (WHERE s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now))
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
        """
    }

    private static let activitiesSQL: SQL = "SELECT count(*) FROM sync.activity WHERE gone_at IS NULL"

    private static let endpointsSQL: SQL = "SELECT endpoint, state, count(*) FROM sync.completeness GROUP BY endpoint, state"

    private static let silverSQL: SQL = """
        SELECT (SELECT coalesce(sum(point_count), 0)::bigint FROM silver.activity_stream), count(DISTINCT (athlete_id, activity_id)), min(enqueued_at)
        FROM sync.transform_work
        """

    private static let qualitySQL: SQL = """
        SELECT check_name, count(*) FROM (
            SELECT check_name FROM silver.quality_finding UNION ALL SELECT check_name FROM silver.athlete_finding) AS f
        GROUP BY check_name ORDER BY check_name
        """

    private static func quality(_ row: Row) throws -> QualityCount {
        let (check, activities) = try row.decode(String.self, Int.self)
        return QualityCount(check: check, activities: activities)
    }

    private static func athletes(_ row: Row) throws -> StatusMessage.Athletes {
        let (total, active, paused, reconnect, erasing, working) = try row.decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        return .init(
            total: total, active: active - paused, paused: paused, reconnect: reconnect, erasing: erasing, working: working)
    }

    private static func silver(_ row: Row) throws -> StatusMessage.Silver {
        let (points, backlog, oldestAt) = try row.decode(Int64.self, Int.self, Date?.self)
        return .init(points: points, backlog: backlog, oldestAt: oldestAt)
    }
}

extension StatusMessage.Events {
    init(_ health: EventHealth) {
        self.init(state: health.state.rawValue, found: health.found, announced: health.announced, lastEventAt: health.lastEventAt)
    }
}
