import ControlAPI
import Core
import Hummingbird
import Sync
import SyncStore

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
        let named = try NamedThreshold(body)
        guard let value = body.value else { throw ControlRefusal.badRequest("value is missing: a number in \(named.metric.unit)") }
        try await thresholdDesk.set(
            named.metric, of: named.sport, from: named.validFrom, value: value, athlete: AthleteID(athlete))
        return try await thresholds(athlete)
    }

    func removeThreshold(_ athlete: Int64, _ request: Request) async throws -> ThresholdsMessage {
        let named = try NamedThreshold(try await RequestReading.message(request))
        try await thresholdDesk.remove(named.metric, of: named.sport, from: named.validFrom, athlete: AthleteID(athlete))
        return try await thresholds(athlete)
    }

    private var thresholdDesk: ThresholdDesk { ThresholdDesk(database: dependencies.database, clock: dependencies.clock) }
}

/// The names of a request, read.
private struct NamedThreshold {
    let metric: ThresholdMetric
    let sport: ThresholdSport?
    let validFrom: CalendarDay?

    init(_ body: ThresholdRequest) throws {
        guard let metric = ThresholdMetric(rawValue: body.metric) else {
            throw ControlRefusal.badRequest("metric must be one of \(ThresholdMetric.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let sport = body.sport.flatMap(ThresholdSport.init)
        if body.sport != nil, sport == nil {
            throw ControlRefusal.badRequest("sport must be one of \(ThresholdSport.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let validFrom = body.validFrom.flatMap { CalendarDay($0) }
        if body.validFrom != nil, validFrom == nil {
            throw ControlRefusal.badRequest("the first day must be one from 1970-01-01 to today, as in 2026-01-31")
        }
        self.metric = metric
        self.sport = sport
        self.validFrom = validFrom
    }
}
