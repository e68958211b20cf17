import ControlAPI
import Core
import Hummingbird
import Warehouse

extension ControlRoutes {
    func rebuild(_ id: Int64?, _ request: Request) async throws -> AcceptedMessage {
        let asked: RebuildRequest = try await RequestReading.message(request, ifEmpty: RebuildRequest(dryRun: false))
        if let id { _ = try await athlete(id) }
        let now = dependencies.clock.now
        let desk = RebuildDesk(database: dependencies.database)
        let count = try await desk.request(id.map { AthleteID($0) }, isDryRun: asked.dryRun, now: now)
        return AcceptedMessage(athletes: count, requestedAt: now)
    }

    func rebuildReport(_ id: Int64?, _ request: Request) async throws -> RebuildMessage {
        let since = try RequestReading.time(request, "since")
        let isDryRun = try RequestReading.flag(request, "dry_run")
        if let id { _ = try await athlete(id) }
        let queries = RebuildQueries(database: dependencies.database, athlete: id, isDryRun: isDryRun, since: since)
        return try await queries.report(now: dependencies.clock.now)
    }
}
