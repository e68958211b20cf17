import Foundation

/// When the rest of an athlete's history will be here, as `fitnessctl explain` forecasts it.
public struct HistoryForecast: Sendable {
    /// When it was asked.
    private let now: Date
    /// Nil: nothing is missing, or it can't be said.
    private let completesAt: Date?
    /// Why it can't be said, in the control API's word; nil: it can.
    private let unknownBecause: String?

    public init(now: Date, completesAt: Date?, unknownBecause: String?) {
        self.now = now
        self.completesAt = completesAt
        self.unknownBecause = unknownBecause
    }

    /// A sentence or two for the athlete; nil: there is nothing to say.
    ///
    /// - Parameter zone: the athlete's time zone by its name; nil, or none that is known here: neither time of day nor date is told.
    func words(zone: String?) -> String? {
        guard let completesAt else { return unknownBecause.flatMap { Self.unknowns[$0] } }
        let left_s = max(0, completesAt.timeIntervalSince(now))
        let when = [Self.span(left_s), Self.instant(completesAt, now: now, left_s: left_s, zone: zone)].compactMap(\.self)
        let why = left_s < Self.day_s ? "" : " Strava limits how much can be read in a day, so it takes longer when others connect."
        return "All of it should be here in \(when.joined(separator: ", "))." + why
    }

    private static let day_s = 86_400.0
    private static let hour_s = 3_600.0
    /// From here on a time of day or a date stands beside the span.
    private static let far_s = 2 * hour_s

    /// "about 25 minutes", "about 5 hours", "about 3 days".
    private static func span(_ seconds: Double) -> String {
        switch seconds {
        case ..<90: return "about a minute"
        case ..<far_s:
            let minutes = Int((seconds / 60).rounded(.up))
            return "about \(minutes > 10 ? (minutes + 4) / 5 * 5 : minutes) minutes"
        case ..<(1.5 * day_s): return "about \(Int((seconds / hour_s).rounded())) hours"
        default: return "about \(Int((seconds / day_s).rounded())) days"
        }
    }

    /// "around 18:30", "tomorrow around 6:15", "on Wed 2 Dec", to a quarter hour.
    private static func instant(_ end: Date, now: Date, left_s: Double, zone: String?) -> String? {
        guard left_s >= far_s, let zone = zone.flatMap(TimeZone.init(identifier:)) else { return nil }
        func wallClock(_ date: Date) -> Date { date.addingTimeInterval(Double(zone.secondsFromGMT(for: date))) }
        let quarter_s = hour_s / 4
        let rounded = Date(timeIntervalSince1970: (wallClock(end).timeIntervalSince1970 / quarter_s).rounded() * quarter_s)
        let (today, day) = (LocalDay(wallClock(now)), LocalDay(rounded))
        switch day.number - today.number {
        case 0: return "around \(WallTime.text(rounded))"
        case 1: return "tomorrow around \(WallTime.text(rounded))"
        default: return "on \(day.text(today: today))"
        }
    }

    private static let away = "Strava can’t be asked at the moment. Reading goes on by itself as soon as it can."
    private static let paused = "Reading is paused by the operator; when the rest will be here can’t be said."
    private static let unknowns = [
        "list_not_read": "When all of it will be here can be said once the whole list is read.", "everything_paused": paused,
        "paused": paused,
        "backing_off": "The last attempt failed, and the next comes by itself; when the rest will be here can’t be said yet.",
        "quota_unknown": away, "quota_taken": away, "strava_unavailable": away,
    ]
}
