import Core
import Database
import Simulator

/// Compares what landed with the simulated Strava's truth, activity by activity and point by point.
public struct SilverTruth: Sendable {
    public let database: Database

    public init(_ database: Database) { self.database = database }

    /// What differs, in words; empty when silver, bronze and the ledger say exactly what the truth says.
    public func differences(_ athlete: AthleteID, _ truth: [ActivityTruth]) async throws -> [String] {
        var found = try await differencesOfActivities(athlete, truth)
        for activity in truth { found += try await differencesOfStreams(athlete, activity) }
        return found
    }

    private func differencesOfActivities(_ athlete: AthleteID, _ truth: [ActivityTruth]) async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT activity_id, name, sport_type, distance_m, moving_time_s, elapsed_time_s,
                (SELECT count(*) FROM silver.lap l WHERE l.athlete_id = a.athlete_id AND l.activity_id = a.activity_id)
            FROM silver.activity a WHERE athlete_id = \(athlete) ORDER BY activity_id
            """)
        var found: [String] = []
        var left = Dictionary(truth.map { ($0.id, $0) }) { first, _ in first }
        for row in rows {
            let (id, name, sport, distance, moving, elapsed, laps) = try row.decode(
                ActivityID.self, String.self, String.self, Double.self, Int.self, Int.self, Int.self)
            guard let expected = left.removeValue(forKey: id) else {
                found.append("\(id) is in silver and not at Strava, or twice")
                continue
            }
            let figures = (name, sport, distance, moving, elapsed)
            let figuresExpected = (expected.name, expected.sportType, expected.distance_m, expected.moving_s, expected.elapsed_s)
            if figures != figuresExpected { found.append("\(id) has \(figures), not \(figuresExpected)") }
            if laps != expected.lapCount { found.append("\(id) has \(laps) laps, not \(expected.lapCount)") }
        }
        return found + left.keys.map { "\($0) is missing" }
    }

    private func differencesOfStreams(_ athlete: AthleteID, _ activity: ActivityTruth) async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT time_s, heartrate_bpm, cadence_rpm, power_w, temperature_c, moving, distance_m, altitude_m, latitude_e6, longitude_e6
            FROM silver.activity_stream WHERE athlete_id = \(athlete) AND activity_id = \(activity.id)
            """)
        guard let expected = activity.streams else { return rows.isEmpty ? [] : ["\(activity.id) has streams that Strava has not"] }
        guard rows.count == 1, let row = rows.first else { return ["\(activity.id) has \(rows.count) rows of streams"] }
        let (time, heart, cadence, watts, temperature, moving, distance, altitude, latitude, longitude) = try row.decode(
            [Int].self, [Int]?.self, [Int]?.self, [Int?]?.self, [Int?]?.self, [Bool].self, [Float]?.self, [Float]?.self, [Int]?.self,
            [Int]?.self)
        let checks: [(String, Bool)] = [
            ("time", time == expected.time), ("heartrate", heart == expected.heartrate), ("cadence", cadence == expected.cadence),
            ("watts", watts == expected.watts), ("temp", temperature == expected.temp), ("moving", moving == expected.moving),
            ("distance", distance == expected.distance?.map { Float($0) }), ("altitude", altitude == expected.altitude?.map { Float($0) }),
            ("latitude", latitude == expected.latitude?.map { Int(($0 * 1e6).rounded()) }),
            ("longitude", longitude == expected.longitude?.map { Int(($0 * 1e6).rounded()) }),
        ]
        return checks.filter { !$0.1 }.map { "\($0.0) of \(activity.id) differs" }
    }
}
