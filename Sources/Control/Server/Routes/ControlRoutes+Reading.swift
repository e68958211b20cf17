import ControlAPI
import Core
import Foundation
import Hummingbird
import Sync

extension ControlRoutes {
    func status() async throws -> StatusMessage {
        let figures = try await dependencies.status.figures()
        let quarantine = QuarantineQueries(database: dependencies.database)
        let errors = try await quarantine.lastErrors()
        let limits = await limits()
        let now = dependencies.clock.now
        return StatusMessage(
            version: dependencies.version, startedAt: dependencies.startedAt,
            uptimeS: Int(now.timeIntervalSince(dependencies.startedAt)), athletes: .init(figures),
            activities: figures.activityCount,
            endpoints: EndpointCounting.messages(figures.ledger.map { ($0.endpoint, $0.state, $0.count) }), silver: silver(figures),
            quarantined: try await quarantine.total(),
            quality: figures.findings.map { QualityCount(check: $0.check, activities: $0.count) },
            events: .init(figures.events), quota: limits.windows, waiting: limits.waiting,
            paused: try await PauseQueries(database: dependencies.database).everything(now: now),
            lastErrors: errors, countedAt: figures.countedAt)
    }

    private func silver(_ figures: StatusFigures) -> StatusMessage.Silver {
        let incident = dependencies.silver?.incident.map { StatusMessage.Incident(reason: $0.reason, since: $0.since) }
        return .init(
            points: Int64(figures.silverPointCount), backlog: figures.backlogCount, oldestAt: figures.backlogSince, incident: incident)
    }

    func limits() async -> LimitsMessage {
        LimitsMessage(await dependencies.governor.snapshot())
    }

    func athletes(_ request: Request) async throws -> AthletesMessage {
        let after = try RequestReading.integer(request, "after", in: 0...(Int64.max - 1)) ?? 0
        let limit = try RequestReading.integer(request, "limit", in: 1...Int64(AthletesMessage.pageMax)) ?? Int64(AthletesMessage.pageMax)
        return try await AthleteQueries(database: dependencies.database, now: dependencies.clock.now)
            .page(after: after, limit: Int(limit))
    }

    func athlete(_ id: Int64) async throws -> AthleteMessage {
        let queries = AthleteQueries(database: dependencies.database, now: dependencies.clock.now)
        guard let athlete = try await queries.athlete(id) else { throw ControlRefusal.noAthlete(id) }
        return athlete
    }

    func quarantine(_ request: Request) async throws -> QuarantineMessage {
        let max = Int64(QuarantineMessage.entriesMax)
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let limit = try RequestReading.integer(request, "limit", in: 1...max) ?? max
        return try await QuarantineQueries(database: dependencies.database).list(athlete: athlete, limit: Int(limit))
    }
}
