/// A time zone as Strava names it: the label bears the standard offset even in summer, `utc_offset` the true one
/// (docs/strava-api.md 6).
struct SimulatedZone: Sendable, Hashable {
    enum SummerTime: Sendable { case none, europe, unitedStates }

    let label: String
    let standardOffset_s: Int64
    let summerTime: SummerTime
    /// Where activities in this zone lie: the middle of their area, in degrees.
    let latitude: Double
    let longitude: Double

    static let all: [SimulatedZone] = [
        .init(label: "(GMT+01:00) Europe/Zurich", standardOffset_s: 3600, summerTime: .europe, latitude: 47.36, longitude: 8.55),
        .init(
            label: "(GMT-05:00) America/New_York", standardOffset_s: -18_000, summerTime: .unitedStates, latitude: 40.78,
            longitude: -73.96),
        .init(label: "(GMT+09:00) Asia/Tokyo", standardOffset_s: 32_400, summerTime: .none, latitude: 35.68, longitude: 139.75),
        .init(label: "(GMT+05:30) Asia/Kolkata", standardOffset_s: 19_800, summerTime: .none, latitude: 12.97, longitude: 77.59),
        .init(label: "(GMT-05:00) EST", standardOffset_s: -18_000, summerTime: .none, latitude: 25.05, longitude: -77.35),
        .init(label: "(GMT+00:00) Europe/London", standardOffset_s: 0, summerTime: .europe, latitude: 51.5, longitude: -0.16),
    ]

    /// Seconds to add to UTC at this instant.
    func offset_s(at epoch_s: Int64) -> Int64 {
        isSummer(epoch_s) ? standardOffset_s + 3600 : standardOffset_s
    }

    private func isSummer(_ epoch_s: Int64) -> Bool {
        let year = CivilTime.date(days: CivilTime.floorDivide(epoch_s, CivilTime.day_s)).year
        switch summerTime {
        case .none: return false
        case .europe:
            let begin = Self.lastSunday(year, month: 3) * CivilTime.day_s + 3600
            let end = Self.lastSunday(year, month: 10) * CivilTime.day_s + 3600
            return (begin..<end).contains(epoch_s)
        case .unitedStates:
            let begin = Self.firstSunday(year, month: 3, from: 8) * CivilTime.day_s + 7200 - standardOffset_s
            let end = Self.firstSunday(year, month: 11, from: 1) * CivilTime.day_s + 3600 - standardOffset_s
            return (begin..<end).contains(epoch_s)
        }
    }

    private static func firstSunday(_ year: Int64, month: Int64, from day: Int64) -> Int64 {
        let first = CivilTime.days(year: year, month: month, day: day)
        return first + Int64((7 - CivilTime.weekday(days: first)) % 7)
    }

    private static func lastSunday(_ year: Int64, month: Int64) -> Int64 {
        let last = CivilTime.days(year: year, month: month, day: 31)
        return last - Int64(CivilTime.weekday(days: last))
    }
}
