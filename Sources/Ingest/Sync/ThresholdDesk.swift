import Core
import Database
import Foundation
import SyncStore

/// What the operator or an athlete sets: thresholds as dated facts. Each change puts the athlete on silver's work list in its transaction.
public struct ThresholdDesk: Sendable {
    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// All that is set for the athlete, by sport, metric and first day, with the time at which it was set.
    /// - Throws: `SyncError.unknownAthlete`; `DatabaseError`.
    public func thresholds(of athlete: AthleteID) async throws -> [(threshold: AthleteThreshold, setAt: Date)] {
        try await database.withConnection { connection in
            let rows = try await connection.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete)")
            try require(athlete, isKnown: rows.count > 0)
            return try await read(athlete, on: connection)
        }
    }

    /// Sets a threshold, or another value for one of the same sport, metric and day.
    /// - Parameters:
    ///   - sport: nil: the metric's usual one.
    ///   - validFrom: nil: today, in UTC.
    /// - Throws: `SyncError.unknownAthlete`, `.invalidThreshold`; `DatabaseError`.
    public func set(
        _ metric: ThresholdMetric, of sport: ThresholdSport?, from validFrom: CalendarDay?, value: Double, athlete: AthleteID
    ) async throws {
        let now = clock.now
        let new = AthleteThreshold(metric, of: sport ?? metric.standardSport, from: validFrom ?? CalendarDay(now), value: value)
        try await change(athlete) { connection in
            let known = try await read(athlete, on: connection).map(\.threshold)
            if let fault = ThresholdRules(known: known, now: now).fault(of: new) { throw SyncError(.invalidThreshold, fault) }
            return try await connection.query(ThresholdTable.set(new, of: athlete, now: now)).affected
        }
    }

    /// Removes what is set from this day on, or on any day (nil).
    /// - Throws: `SyncError.unknownAthlete`, `.invalidThreshold` if there is nothing of that name; `DatabaseError`.
    public func remove(
        _ metric: ThresholdMetric, of sport: ThresholdSport?, from day: CalendarDay?, athlete: AthleteID
    ) async throws {
        let sport = sport ?? metric.standardSport
        try await change(athlete) { connection in
            let count = try await connection.query(ThresholdTable.remove(metric, of: sport, from: day, athlete: athlete)).affected
            guard count > 0 else {
                let name = "\(metric.rawValue) of \(sport.rawValue)" + (day.map { " from \($0)" } ?? "")
                throw SyncError(.invalidThreshold, "no \(name) is set: see fitnessctl athletes thresholds \(athlete)")
            }
            return count
        }
    }

    /// Changes one athlete's thresholds, one change after the other. Silver follows if rows were changed.
    /// - Parameter body: returns how many rows it changed.
    private func change(_ athlete: AthleteID, _ body: @Sendable (Connection) async throws -> Int) async throws {
        let now = clock.now
        try await database.transaction { connection in
            let found = try await connection.query(RowLock.athlete(athlete))
            try require(athlete, isKnown: found.count > 0)
            if try await body(connection) == 0 { return }
            try await connection.query(TransformWorkTable.add([(athlete, 0)], now: now))
            try await connection.query("SELECT pg_notify('silver', '')")
        }
    }

    private func read(_ athlete: AthleteID, on connection: Connection) async throws -> [(threshold: AthleteThreshold, setAt: Date)] {
        let rows = try await connection.query(
            """
            SELECT sport_family, metric, to_char(valid_from, 'YYYY-MM-DD'), value, set_at FROM sync.athlete_threshold
            WHERE athlete_id = \(athlete) ORDER BY sport_family, metric, valid_from
            """)
        return try rows.compactMap { row in
            let (sport, metric, day, value, setAt) = try row.decode(String.self, String.self, String.self, Double.self, Date.self)
            guard let sport = ThresholdSport(rawValue: sport), let metric = ThresholdMetric(rawValue: metric), let day = CalendarDay(day)
            else { return nil }
            return (AthleteThreshold(metric, of: sport, from: day, value: value), setAt)
        }
    }

    private func require(_ athlete: AthleteID, isKnown: Bool) throws {
        if !isKnown { throw SyncError(.unknownAthlete, "athlete \(athlete) is not known: see fitnessctl athletes list") }
    }
}
