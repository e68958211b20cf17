import Core
import Database
import Foundation
import OwnData

/// The series of an activity at all of its points.
struct CourseStreams: Sendable {
    let pointCount: Int
    let time_s: [Double?]
    let distance_m: [Double?]?
    let altitude_m: [Double?]?
    /// As sent, else from the way covered.
    let speed_mps: [Double?]?
    let grade_percent: [Double?]?
    let heartrate_bpm: [Double?]?
    let cadence_rpm: [Double?]?
    let power_w: [Double?]?
    /// Degrees; only for who may see places.
    let latitude: [Double?]?
    let longitude: [Double?]?

    /// Nil: no series of this activity are here, or they have no times.
    static func read(_ activity: ActivityID, _ page: PageContext, _ connection: Connection) async throws -> CourseStreams? {
        let places = page.visitor.showsPlaces ? ", latitude_e6, longitude_e6" : ""
        let rows = try await connection.query(
            """
            SELECT point_count, time_s, distance_m, altitude_m, velocity_mps, grade_percent, heartrate_bpm, cadence_rpm, power_w\(raw: places)
            FROM silver.activity_stream
            WHERE athlete_id = \(page.facts.athlete) AND activity_id = \(activity) ORDER BY source_id LIMIT 1
            """)
        return try rows.first.flatMap { try CourseStreams($0, hasPlaces: page.visitor.showsPlaces) }
    }

    private init?(_ row: Row, hasPlaces: Bool) throws {
        func integers(_ column: Int, scale: Double = 1) throws -> [Double?]? {
            try row.column(column, as: [Int32?]?.self)?.map { $0.map { Double($0) * scale } }
        }
        func decimals(_ column: Int) throws -> [Double?]? {
            try row.column(column, as: [Float?]?.self)?.map { $0.flatMap { $0.isFinite ? Double($0) : nil } }
        }
        guard let times = try integers(1), times.contains(where: { $0 != nil }) else { return nil }
        pointCount = try row.column(0)
        let rising = Self.rising(times)
        let way = try decimals(2)
        time_s = rising
        distance_m = way
        altitude_m = try decimals(3)
        speed_mps = try decimals(4) ?? way.map { Self.speeds($0, rising) }
        grade_percent = try decimals(5)
        // What no figure counts either: see silver.activity_stream.
        heartrate_bpm = try integers(6)?.map { $0.flatMap { (25...240).contains($0) ? $0 : nil } }
        cadence_rpm = try integers(7)?.map { $0.flatMap { (0...250).contains($0) ? $0 : nil } }
        power_w = try integers(8)?.map { $0.flatMap { (0...3_000).contains($0) ? $0 : nil } }
        latitude = hasPlaces ? try integers(9, scale: 1e-6) : nil
        longitude = hasPlaces ? try integers(10, scale: 1e-6) : nil
    }

    /// Faulty clocks repeat and go back: such a point has the time of the one before.
    private static func rising(_ times: [Double?]) -> [Double?] {
        var last = 0.0
        return times.map { time in
            last = max(last, time ?? last)
            return last
        }
    }

    private static func speeds(_ distance_m: [Double?], _ time_s: [Double?]) -> [Double?] {
        distance_m.indices.map { place in
            let before = max(0, place - 5)
            guard let to = distance_m[place], let from = distance_m[before], let end = time_s[place], let begin = time_s[before],
                end > begin
            else { return nil }
            return max(0, to - from) / (end - begin)
        }
    }

    /// The speed on the level that costs as much: Minetti 2002, as silver's grade-adjusted pace.
    var gradeAdjustedSpeeds: [Double?]? {
        guard let speed_mps, let grade_percent else { return nil }
        return zip(speed_mps, grade_percent).map { speed, grade in
            guard let speed, let grade else { return nil }
            let i = min(max(grade / 100, -0.45), 0.45)
            return speed * (((((155.4 * i - 30.4) * i - 43.3) * i + 46.3) * i + 19.5) * i + 3.6) / 3.6
        }
    }

    /// Points to show: those that keep the shape of the curves best (LTTB).
    func shown(max: Int) -> [Int] {
        let curves = [altitude_m, heartrate_bpm, power_w, speed_mps, cadence_rpm, latitude, longitude].compactMap { $0 }
        return LargestTriangles.indexes(of: curves, count: pointCount, max: max)
    }

    /// The sum of a series over time up to each point, and the seconds that have a value: means between any two points follow exactly.
    func integral(_ series: [Double?]) -> (sums: [Double], seconds: [Double]) {
        var (sums, seconds) = ([Double](), [Double]())
        sums.reserveCapacity(series.count)
        seconds.reserveCapacity(series.count)
        var (sum, counted) = (0.0, 0.0)
        for place in series.indices {
            if place > 0, let value = series[place], let now = time_s[place], let before = time_s[place - 1] {
                // A longer step is a pause.
                let step = min(now - before, 30)
                sum += value * step
                counted += step
            }
            sums.append(sum)
            seconds.append(counted)
        }
        return (sums, seconds)
    }

    /// Metres climbed up to each point; rises of less than two metres are noise.
    var climbs: [Double]? {
        guard let altitude_m else { return nil }
        var (climb, base): (Double, Double?) = (0, nil)
        return altitude_m.map { altitude in
            guard let altitude else { return climb }
            guard let known = base else {
                base = altitude
                return climb
            }
            if altitude >= known + 2 {
                climb += altitude - known
                base = altitude
            } else if altitude <= known - 2 {
                base = altitude
            }
            return climb
        }
    }
}
