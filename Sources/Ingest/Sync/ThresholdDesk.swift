import Core
import Database
import Foundation
import SyncStore

/// Which threshold is meant.
public struct ThresholdName: Sendable {
    let metric: ThresholdMetric
    let sport: ThresholdSport
    /// Nil: none was named.
    let validFrom: CalendarDay?

    init(_ metric: ThresholdMetric, of sport: ThresholdSport? = nil, from validFrom: CalendarDay? = nil) {
        self.metric = metric
        self.sport = sport ?? metric.standardSport
        self.validFrom = validFrom
    }

    /// - Parameters:
    ///   - metric: a word of `ThresholdMetric`.
    ///   - sport: a word of `ThresholdSport`; nil: the metric's usual one.
    ///   - validFrom: as `2026-01-31`.
    /// - Throws: `SyncError.invalidThreshold`.
    public init(metric: String, sport: String?, validFrom: String?) throws {
        func refusal(_ name: String, _ words: [String]) -> SyncError {
            SyncError(.invalidThreshold, "\(name) must be one of \(words.joined(separator: ", "))")
        }
        guard let known = ThresholdMetric(rawValue: metric) else { throw refusal("metric", ThresholdMetric.allCases.map(\.rawValue)) }
        let family = sport.flatMap(ThresholdSport.init)
        if sport != nil, family == nil { throw refusal("sport", ThresholdSport.allCases.map(\.rawValue)) }
        let day = validFrom.flatMap { CalendarDay($0) }
        if validFrom != nil, day == nil { throw SyncError(.invalidThreshold, ThresholdRules.dayRule) }
        self.init(known, of: family, from: day)
    }
}

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

    /// Sets a threshold, or another value for one of the same sport, metric and day; without a day, from today (UTC) on.
    /// - Throws: `SyncError.unknownAthlete`, `.invalidThreshold`; `DatabaseError`.
    public func set(_ name: ThresholdName, value: Double, athlete: AthleteID) async throws {
        let now = clock.now
        let new = AthleteThreshold(name.metric, of: name.sport, from: name.validFrom ?? CalendarDay(now), value: value)
        try await change(athlete) { connection in
            let known = try await read(athlete, on: connection).map(\.threshold)
            if let fault = ThresholdRules(known: known, now: now).fault(of: new) { throw SyncError(.invalidThreshold, fault) }
            return try await connection.query(ThresholdTable.set(new, of: athlete, now: now)).affected
        }
    }

    /// Removes what is set from the named day on, or without one, on all days.
    /// - Throws: `SyncError.unknownAthlete`, `.invalidThreshold` if there is nothing of that name; `DatabaseError`.
    public func remove(_ name: ThresholdName, athlete: AthleteID) async throws {
        try await change(athlete) { connection in
            let removal = ThresholdTable.remove(name.metric, of: name.sport, from: name.validFrom, athlete: athlete)
            let count = try await connection.query(removal).affected
            guard count > 0 else {
                let words = "\(name.metric.rawValue) of \(name.sport.rawValue)" + (name.validFrom.map { " from \($0)" } ?? "")
                throw SyncError(.invalidThreshold, "no \(words) is set: see fitnessctl athletes thresholds \(athlete)")
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
