import ControlAPI
import Core
import Hummingbird
import Sync

extension ControlRoutes {
    func thresholds(_ athlete: Int64) async throws -> ThresholdsMessage {
        let all = try await thresholdDesk.thresholds(of: AthleteID(athlete))
        return ThresholdsMessage(
            athleteID: athlete,
            thresholds: all.map { threshold, setAt in
                .init(
                    sport: threshold.sport.rawValue, metric: threshold.metric.rawValue, value: threshold.value,
                    unit: threshold.metric.unit, validFrom: threshold.validFrom.description, setAt: setAt)
            })
    }

    func setThreshold(_ athlete: Int64, _ request: Request) async throws -> ThresholdsMessage {
        let body: ThresholdRequest = try await RequestReading.message(request)
        guard let value = body.value else { throw ControlRefusal.badRequest("value is missing") }
        try await thresholdDesk.set(ThresholdName(body), value: value, athlete: AthleteID(athlete))
        return try await thresholds(athlete)
    }

    func removeThreshold(_ athlete: Int64, _ request: Request) async throws -> ThresholdsMessage {
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
