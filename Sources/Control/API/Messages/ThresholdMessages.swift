import Foundation

/// Responses of `/v1/athletes/{athlete_id}/thresholds` and `…/remove`: all that is set for the athlete.
public struct ThresholdsMessage: Codable, Sendable, Equatable {
    /// One dated fact. Its value holds until the next one of the same sport and metric; the earliest also stands for the time before.
    public struct Threshold: Codable, Sendable, Equatable {
        /// `ride`, `run` or `swim`; `all`: every sport without a value of its own.
        public let sport: String
        /// `power`, `pace`, `threshold_heartrate`, `max_heartrate`, `rest_heartrate`, `critical_power` or `w_prime`.
        public let metric: String
        public let value: Double
        /// `W`, `m/s`, `bpm` or `J`.
        public let unit: String
        /// The first day, `2026-01-31`.
        public let validFrom: String
        public let setAt: Date

        public init(sport: String, metric: String, value: Double, unit: String, validFrom: String, setAt: Date) {
            self.sport = sport
            self.metric = metric
            self.value = value
            self.unit = unit
            self.validFrom = validFrom
            self.setAt = setAt
        }

        enum CodingKeys: String, CodingKey {
            case sport, metric, value, unit
            case validFrom = "valid_from"
            case setAt = "set_at"
        }
    }

    public let athleteID: Int64
    /// By sport, metric and first day.
    public let thresholds: [Threshold]

    public init(athleteID: Int64, thresholds: [Threshold]) {
        self.athleteID = athleteID
        self.thresholds = thresholds
    }

    enum CodingKeys: String, CodingKey {
        case thresholds
        case athleteID = "athlete_id"
    }
}

/// Body of `POST /v1/athletes/{athlete_id}/thresholds`, and without `value` of `…/remove`.
public struct ThresholdRequest: Codable, Sendable, Equatable {
    public let metric: String
    /// Absent: `ride` for power, critical power and W′, `run` for pace, `all` for heart rates.
    public let sport: String?
    /// In the metric's unit.
    public let value: Double?
    /// The first day, `2026-01-31`. Absent: today in UTC, or to remove, every day.
    public let validFrom: String?

    public init(metric: String, sport: String?, value: Double?, validFrom: String?) {
        self.metric = metric
        self.sport = sport
        self.value = value
        self.validFrom = validFrom
    }

    enum CodingKeys: String, CodingKey {
        case metric, sport, value
        case validFrom = "valid_from"
    }
}
