import Core
import Database
import Streams
import SyncStore

/// The W' balance of an activity: how much of the work that can be done above critical power is left, second by second, after Skiba's
/// differential model (Skiba, Fulford, Clarke, Vanhatalo, Jones: Intramuscular determinants of the ability to recover work capacity above
/// critical power, 2015): above critical power it falls by the work above it, below it recovers in proportion to what is spent.
struct WPrimeBalance: Sendable, Equatable {
    /// Part of W' below which the time counts as low.
    static let low = 0.25

    /// Lowest balance, joules; negative when critical power or W' is set too low.
    let min_j: Double
    /// Seconds with less than a quarter of W' left.
    let low_s: Int

    /// - Parameter power: watts in each second; a second without a value, as in a pause, counts as 0 W.
    init(_ power: [Double], criticalPower_w: Double, wPrime_j: Double) {
        var (balance_j, min_j, low_s) = (wPrime_j, wPrime_j, 0)
        for watts in power {
            let spare_w = criticalPower_w - (watts.isNaN ? 0 : watts)
            balance_j += spare_w < 0 ? spare_w : spare_w * (wPrime_j - balance_j) / wPrime_j
            min_j = min(min_j, balance_j)
            if balance_j < Self.low * wPrime_j { low_s += 1 }
        }
        (self.min_j, self.low_s) = (min_j, low_s)
    }
}

/// Computes the W' balances that an athlete's activities lack, after `sql/silver` has chosen critical power and W' of each: they depend on the
/// athlete, so they can't be computed with the other figures of the streams.
struct WPrimePass: Sendable {
    /// Activities whose arrays are read at a time.
    private static let partMax = 64

    /// Power by second of activities whose streams are in memory.
    let powers: [AnswerKey: SecondSeries]

    /// For the athletes of `changed_athlete`.
    func run(on connection: Connection) async throws {
        while case let due = try await connection.query(Self.due), !due.isEmpty {
            let activities = try due.map(Self.activity)
            let known = powers.merging(try await read(activities.map(\.key).filter { powers[$0] == nil }, on: connection)) { first, _ in
                first
            }
            let balances = activities.map {
                WPrimeBalance(known[$0.key]?.values ?? [], criticalPower_w: $0.criticalPower_w, wPrime_j: $0.wPrime_j)
            }
            try await connection.query(Self.store(activities.map(\.key), balances))
        }
    }

    private struct Due {
        let key: AnswerKey
        let criticalPower_w: Double
        let wPrime_j: Double
    }

    private static func activity(_ row: Row) throws -> Due {
        let (athlete, source, activity, criticalPower_w, wPrime_j) = try row.decode(
            AthleteID.self, Int16.self, Int64.self, Double.self, Double.self)
        let key = AnswerKey(athleteID: athlete, source: source, endpoint: BronzeEndpoint.streams.rawValue, objectID: activity)
        return Due(key: key, criticalPower_w: criticalPower_w, wPrime_j: wPrime_j)
    }

    /// Of the streams that are stored, those that clean the power.
    private func read(_ keys: [AnswerKey], on connection: Connection) async throws -> [AnswerKey: SecondSeries] {
        var powers: [AnswerKey: SecondSeries] = [:]
        for row in keys.isEmpty ? [] : Array(try await connection.query(Self.arrays(keys))) {
            let (place, times, watts, cadence, distance, moving) = try row.decode(
                Int.self, [Int?]?.self, [Int?]?.self, [Int?]?.self, [Double?]?.self, [Int?]?.self)
            func series(_ values: [Int?]?) -> [Double]? { values.map { $0.map { $0.map(Double.init) ?? .nan } } }
            let series: [StreamColumn: [Double]] = [
                .time: series(times), .watts: series(watts), .cadence: series(cadence), .moving: series(moving),
                .distance: distance.map { $0.map { $0 ?? .nan } },
            ].compactMapValues(\.self)
            guard let clean = CleanStreams(streams: { series[$0] }), let power = clean.power else { continue }
            powers[keys[place - 1]] = SecondSeries(clean.timeline, power)
        }
        return powers
    }

    /// Looked up through the activities of the batch and of the time in which thresholds changed: an index on the two columns would make each
    /// update of a load write all indexes.
    private static let due: SQL = """
        SELECT m.athlete_id, m.source_id, m.activity_id, m.critical_power_w, m.w_prime_j
        FROM (
            SELECT athlete_id, source_id, activity_id FROM changed_activity
            UNION
            SELECT c.athlete_id, c.source_id, r.activity_id
            FROM changed_athlete c CROSS JOIN LATERAL (
                SELECT t.activity_id FROM silver.activity t
                WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id
                  AND (t.start_at >= c.stale_from AND t.start_at < c.stale_until OR t.start_at IS NULL)
                OFFSET 0 -- one look into the index per athlete
            ) AS r
            WHERE c.stale_from IS NOT NULL
        ) AS s
        CROSS JOIN LATERAL (
            SELECT * FROM silver.activity_metric x
            WHERE x.athlete_id = s.athlete_id AND x.source_id = s.source_id AND x.activity_id = s.activity_id
            OFFSET 0 -- one look into the index per activity
        ) AS m
        WHERE m.critical_power_w IS NOT NULL AND m.w_prime_balance_min_j IS NULL
        LIMIT \(partMax)
        """

    private static func arrays(_ keys: [AnswerKey]) -> SQL {
        """
        SELECT w.place, s.time_s, s.power_w, s.cadence_rpm, s.distance_m::float8[], s.moving::integer[]
        FROM unnest(\(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.objectID)))
            WITH ORDINALITY AS w(athlete_id, source_id, activity_id, place)
        JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id)
        """
    }

    private static func store(_ keys: [AnswerKey], _ balances: [WPrimeBalance]) -> SQL {
        """
        UPDATE silver.activity_metric AS t SET w_prime_balance_min_j = w.min_j, w_prime_low_s = w.low_s
        FROM unnest(
            \(keys.map(\.athleteID)), \(keys.map(\.source)), \(keys.map(\.objectID)), \(balances.map(\.min_j)),
            \(balances.map { Int32(clamping: $0.low_s) })) AS w(athlete_id, source_id, activity_id, min_j, low_s)
        WHERE t.athlete_id = w.athlete_id AND t.source_id = w.source_id AND t.activity_id = w.activity_id
        """
    }
}
