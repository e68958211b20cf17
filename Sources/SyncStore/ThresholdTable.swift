import Core
import Database
import Foundation

/// What a set threshold measures (`sync.athlete_threshold.metric`).
public enum ThresholdMetric: String, CaseIterable, Sendable {
    /// What can be held for about an hour, in watts.
    case power
    /// The same as a speed, in metres per second.
    case pace
    /// Heart rate at that effort, and the two ends of its range, in beats per minute.
    case thresholdHeartrate = "threshold_heartrate"
    case maxHeartrate = "max_heartrate"
    case restHeartrate = "rest_heartrate"
    /// In watts.
    case criticalPower = "critical_power"
    /// Work that can be done above critical power, in joules.
    case wPrime = "w_prime"

    public var unit: String {
        switch self {
        case .power, .criticalPower: "W"
        case .pace: "m/s"
        case .thresholdHeartrate, .maxHeartrate, .restHeartrate: "bpm"
        case .wPrime: "J"
        }
    }
}

/// The sports that a threshold is set for: families of `silver.sport_family()`, or all.
public enum ThresholdSport: String, CaseIterable, Sendable {
    /// Every sport that has no value of its own.
    case all
    case ride, run, swim
}

/// A day of the calendar from 1970 on; without a time zone.
public struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `2026-01-31`.
    public let description: String

    /// Nil: not `YYYY-MM-DD`, not a day that exists, or before 1970.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isDigits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
        guard isDigits, parts.map(\.count) == [4, 2, 2], let date = try? Self.style.parse(text), date.timeIntervalSince1970 >= 0,
            date.formatted(Self.style) == text
        else { return nil }
        description = text
    }

    /// The day at this instant in UTC.
    public init(_ instant: Date) { description = instant.formatted(Self.style) }

    private static let style = Date.ISO8601FormatStyle().year().month().day()

    public static func < (left: CalendarDay, right: CalendarDay) -> Bool { left.description < right.description }
}

/// A threshold that the operator or the athlete has set: a row of `sync.athlete_threshold`.
public struct AthleteThreshold: Sendable, Hashable {
    public let sport: ThresholdSport
    public let metric: ThresholdMetric
    /// The first day on which it holds; the earliest of its sport and metric also stands for the time before.
    public let validFrom: CalendarDay
    /// In the metric's unit.
    public let value: Double

    public init(_ metric: ThresholdMetric, of sport: ThresholdSport, from validFrom: CalendarDay, value: Double) {
        self.metric = metric
        self.sport = sport
        self.validFrom = validFrom
        self.value = value
    }
}

/// The statements that write `sync.athlete_threshold`. The caller holds `RowLock.athlete`.
package enum ThresholdTable {
    /// Writes nothing if this value is there already.
    package static func set(_ threshold: AthleteThreshold, of athlete: AthleteID, now: Date) -> SQL {
        """
        INSERT INTO sync.athlete_threshold AS t (athlete_id, sport_family, metric, valid_from, value, set_at)
        VALUES (\(athlete), \(threshold.sport.rawValue), \(threshold.metric.rawValue), \(threshold.validFrom.description)::text::date,
                \(threshold.value), \(now))
        ON CONFLICT (athlete_id, sport_family, metric, valid_from) DO UPDATE SET value = excluded.value, set_at = excluded.set_at
        WHERE t.value <> excluded.value
        """
    }

    /// - Parameter day: nil: of all days.
    package static func remove(
        _ metric: ThresholdMetric, of sport: ThresholdSport, from day: CalendarDay?, athlete: AthleteID
    ) -> SQL {
        """
        DELETE FROM sync.athlete_threshold
        WHERE athlete_id = \(athlete) AND sport_family = \(sport.rawValue) AND metric = \(metric.rawValue)
          AND (\(day?.description)::text IS NULL OR valid_from = \(day?.description)::text::date)
        """
    }
}
