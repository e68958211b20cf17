import ControlAPI
import Core
import Hummingbird
import Sync

extension ControlRoutes {
    func threshold(_ route: ControlRoute, _ request: Request, _ context: ControlContext) async throws -> Response {
        let athlete = try RequestReading.athlete(context)
        switch route {
        case .setThreshold: return try ControlResponse.json(try await setThreshold(athlete, request), status: .accepted)
        case .removeThreshold: return try ControlResponse.json(try await removeThreshold(athlete, request), status: .accepted)
        default: return try ControlResponse.json(try await thresholds(athlete))
        }
    }

    private func thresholds(_ athlete: Int64) async throws -> ThresholdsMessage {
        let all = try await thresholdDesk.thresholds(of: AthleteID(athlete))
        return ThresholdsMessage(
            athleteID: athlete,
            thresholds: all.map { threshold, setAt in
                .init(
                    sport: threshold.sport.rawValue, metric: threshold.metric.rawValue, value: threshold.value,
                    unit: threshold.metric.unit, validFrom: threshold.validFrom.description, setAt: setAt)
            })
    }

    private func setThreshold(_ athlete: Int64, _ request: Request) async throws -> ThresholdsMessage {
        let body: ThresholdRequest = try await RequestReading.message(request)
        guard let value = body.value else { throw ControlRefusal.badRequest("value is missing") }
        try await thresholdDesk.set(ThresholdName(body), value: value, athlete: AthleteID(athlete))
        return try await thresholds(athlete)
    }

    private func removeThreshold(_ athlete: Int64, _ request: Request) async throws -> ThresholdsMessage {
        let body: ThresholdRequest = try await RequestReading.message(request)
        try await thresholdDesk.remove(ThresholdName(body), athlete: AthleteID(athlete))
        return try await thresholds(athlete)
    }

    private var thresholdDesk: ThresholdDesk { ThresholdDesk(database: dependencies.database, clock: dependencies.clock) }
}

extension ThresholdName {
    fileprivate init(_ body: ThresholdRequest) throws {
        try self.init(metric: body.metric, sport: body.sport, validFrom: body.validFrom)
    }
}
