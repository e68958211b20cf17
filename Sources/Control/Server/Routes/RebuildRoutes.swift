import ControlAPI
import Core
import Database
import Foundation
import Hummingbird
import Warehouse

extension ControlRoutes {
    func rebuild(_ id: Int64?, _ request: Request) async throws -> AcceptedMessage {
        let body: RebuildRequest = try await RequestReading.message(request, ifEmpty: RebuildRequest(dryRun: false))
        if let id { _ = try await athlete(id) }
        let now = dependencies.clock.now
        let desk = RebuildDesk(database: dependencies.database)
        let count = try await desk.request(id.map { AthleteID($0) }, isDryRun: body.dryRun, now: now)
        return AcceptedMessage(athletes: count, requestedAt: now)
    }

    func rebuildReport(_ id: Int64?, _ request: Request) async throws -> RebuildMessage {
        let since = try RequestReading.time(request, "since")
        let isDryRun = try RequestReading.flag(request, "dry_run")
        if let id { _ = try await athlete(id) }
        let queries = RebuildReportQueries(database: dependencies.database, athlete: id, isDryRun: isDryRun, since: since)
        return try await queries.report(now: dependencies.clock.now)
    }
}

/// Reads the rebuilds requested since a given time, of one athlete or of all (nil).
private struct RebuildReportQueries: Sendable {
    private let database: Database
    private let ids: ClosedRange<Int64>
    private let isDryRun: Bool
    private let since: Date

    /// - Parameter since: the time in the response to the request, in milliseconds; the row has microseconds.
    init(database: Database, athlete: Int64?, isDryRun: Bool, since: Date) {
        self.database = database
        ids = AthleteRange.of(athlete)
        self.isDryRun = isDryRun
        self.since = since.addingTimeInterval(-0.001)
    }

    func report(now: Date) async throws -> RebuildMessage {
        let results = try await database.withConnection { try await $0.pipeline([counts, tables, figures, errors]) }
        let (athletes, finished, failed, activities) = try results[0][0].decode(Int.self, Int.self, Int.self, Int64.self)
        return RebuildMessage(
            at: now, dryRun: isDryRun, athletes: athletes, finished: finished, failed: failed, activities: activities,
            tables: try results[1].map(Self.table), figures: try results[2].map(Self.figure), errors: try results[3].map(Self.error))
    }

    private var counts: SQL {
        """
        SELECT count(*), count(finished_at), count(error), coalesce(sum(activities), 0)::bigint
        FROM sync.silver_rebuild
        WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND is_dry_run = \(isDryRun) AND requested_at >= \(since)
        """
    }

    private var tables: SQL {
        """
        SELECT t."table", sum(t.before)::bigint, sum(t.after)::bigint, sum(t.added)::bigint, sum(t.changed)::bigint, sum(t.removed)::bigint
        FROM sync.silver_rebuild CROSS JOIN LATERAL jsonb_to_recordset(report -> 'tables')
            AS t("table" text, before bigint, after bigint, added bigint, changed bigint, removed bigint)
        WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND is_dry_run = \(isDryRun) AND requested_at >= \(since)
        GROUP BY 1 ORDER BY 1
        """
    }

    private var figures: SQL {
        """
        SELECT f.figure, sum(f.before), sum(f.after)
        FROM sync.silver_rebuild CROSS JOIN LATERAL jsonb_to_recordset(report -> 'figures') AS f(figure text, before float8, after float8)
        WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND is_dry_run = \(isDryRun) AND requested_at >= \(since)
        GROUP BY 1 ORDER BY 1
        """
    }

    private var errors: SQL {
        """
        SELECT athlete_id, error FROM sync.silver_rebuild
        WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND is_dry_run = \(isDryRun) AND requested_at >= \(since)
          AND error IS NOT NULL
        ORDER BY athlete_id LIMIT \(RebuildMessage.errorsMax)
        """
    }

    private static func table(_ row: Row) throws -> RebuildMessage.TableChange {
        let (table, before, after, added, changed, removed) = try row.decode(
            String.self, Int64.self, Int64.self, Int64.self, Int64.self, Int64.self)
        return .init(table: table, before: before, after: after, added: added, changed: changed, removed: removed)
    }

    private static func figure(_ row: Row) throws -> RebuildMessage.FigureChange {
        let (figure, before, after) = try row.decode(String.self, Double.self, Double.self)
        return .init(figure: figure, before: before, after: after)
    }

    private static func error(_ row: Row) throws -> RebuildMessage.RebuildFailure {
        let (athlete, error) = try row.decode(Int64.self, String.self)
        return .init(athleteID: athlete, error: error)
    }
}
