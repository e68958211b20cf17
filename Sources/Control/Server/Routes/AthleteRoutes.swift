import ControlAPI
import Database
import Foundation
import Hummingbird

extension ControlRoutes {
    func athletes(_ request: Request) async throws -> AthletesMessage {
        let after = try RequestReading.integer(request, "after", in: 0...(Int64.max - 1)) ?? 0
        let limit = try RequestReading.integer(request, "limit", in: 1...Int64(AthletesMessage.pageMax)) ?? Int64(AthletesMessage.pageMax)
        return try await queries.page(after: after, limit: Int(limit))
    }

    func athlete(_ id: Int64) async throws -> AthleteMessage {
        guard let athlete = try await queries.athlete(id) else { throw ControlRefusal.noAthlete(id) }
        return athlete
    }

    private var queries: AthleteQueries { AthleteQueries(database: dependencies.database, now: dependencies.clock.now) }
}

/// Reads athletes and their counts from schemas `sync` and `silver`.
private struct AthleteQueries: Sendable {
    let database: Database
    let now: Date

    /// One page in order of the numbers, beginning after `after`.
    func page(after: Int64, limit: Int) async throws -> AthletesMessage {
        let rows = try await database.query(Self.athletes((after + 1)...Int64.max, limit: limit + 1, now))
        let ids = try rows.prefix(limit).map { try $0.column(0, as: Int64.self) }
        let counts = try await endpointCounts(ids)
        let quality = try await qualityCounts(ids)
        let moves = try await uidMoves(ids)
        let athletes = try rows.prefix(limit).map { try message($0, counts, quality, moves) }
        return AthletesMessage(athletes: athletes, nextAfter: rows.count > limit ? ids.last : nil)
    }

    /// Nil: no such athlete.
    func athlete(_ id: Int64) async throws -> AthleteMessage? {
        guard let row = try await database.query(Self.athletes(id...id, limit: 1, now)).first else { return nil }
        return try message(row, try await endpointCounts([id]), try await qualityCounts([id]), try await uidMoves([id]))
    }

    private static func athletes(_ ids: ClosedRange<Int64>, limit: Int, _ now: Date) -> SQL {
        """
        SELECT a.athlete_id, a.uid, a.state, a.state_reason, a.scope, a.paused_until > \(now), nullif(a.paused_until, 'infinity'),
               a.pause_reason, a.created_at, s.due_at, coalesce(s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now), false),
               s.last_started_at, s.last_finished_at, s.last_error, coalesce(s.failures, 0), c.newest_start_at, c.history_complete_at,
               (SELECT count(*) FROM sync.activity v WHERE v.athlete_id = a.athlete_id AND v.gone_at IS NULL), a.paused_by, a.paused_at
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id) LEFT JOIN sync.cursor c USING (athlete_id)
        WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) ORDER BY a.athlete_id LIMIT \(limit)
        """
    }

    private func endpointCounts(_ ids: [Int64]) async throws -> [Int64: [EndpointCounts]] {
        let rows = try await database.query(
            """
            SELECT athlete_id, endpoint, state, count(*) FROM sync.completeness WHERE athlete_id = ANY (\(ids))
            GROUP BY athlete_id, endpoint, state
            """)
        let counts = try rows.map { try $0.decode(Int64.self, String.self, String.self, Int.self) }
        return Dictionary(grouping: counts, by: \.0).mapValues { EndpointCounting.messages($0.map { ($0.1, $0.2, $0.3) }) }
    }

    private func qualityCounts(_ ids: [Int64]) async throws -> [Int64: [QualityCount]] {
        let rows = try await database.query(
            """
            SELECT athlete_id, check_name, count(*) FROM (
                SELECT athlete_id, check_name FROM silver.quality_finding WHERE athlete_id = ANY (\(ids))
                UNION ALL SELECT athlete_id, check_name FROM silver.athlete_finding WHERE athlete_id = ANY (\(ids))) AS f
            GROUP BY athlete_id, check_name ORDER BY athlete_id, check_name
            """)
        let counts = try rows.map { try $0.decode(Int64.self, String.self, Int.self) }
        return Dictionary(grouping: counts, by: \.0).mapValues { $0.map { QualityCount(check: $0.1, activities: $0.2) } }
    }

    private func uidMoves(_ ids: [Int64]) async throws -> [Int64: [UIDMoveMessage]] {
        let rows = try await database.query(
            """
            SELECT m.athlete_id, m.moved_at, m.from_uid, m.to_uid, m.cause
            FROM unnest(\(ids)) AS a (athlete_id)
            CROSS JOIN LATERAL (
                SELECT * FROM sync.uid_move m WHERE m.athlete_id = a.athlete_id
                ORDER BY m.move_id DESC LIMIT \(UIDMoveMessage.shownMax)) AS m
            ORDER BY m.athlete_id, m.move_id DESC
            """)
        let moves = try rows.map { try $0.decode(Int64.self, Date.self, String.self, String?.self, String.self) }
        return Dictionary(grouping: moves, by: \.0).mapValues { $0.map { UIDMoveMessage(at: $0.1, from: $0.2, to: $0.3, by: $0.4) } }
    }

    private func message(
        _ row: Row, _ counts: [Int64: [EndpointCounts]], _ quality: [Int64: [QualityCount]], _ moves: [Int64: [UIDMoveMessage]]
    ) throws -> AthleteMessage {
        let (id, uid, state, stateReason, scope, isPaused, pausedUntil, pauseReason, connectedAt) = try row.decode(
            Int64.self, String?.self, String.self, String?.self, String.self, Bool?.self, Date?.self, String?.self, Date.self)
        let pause = PauseMessage(until: pausedUntil, reason: pauseReason, by: try row.column(18), at: try row.column(19))
        return AthleteMessage(
            athleteID: id, uid: uid, state: state, stateReason: stateReason, scope: scope.split(separator: ",").map(String.init),
            paused: isPaused == true ? pause : nil, connectedAt: connectedAt,
            schedule: try schedule(row), activities: try row.column(17), endpoints: counts[id] ?? [],
            newestStartAt: try row.column(15), historyCompleteAt: try row.column(16), quality: quality[id] ?? [],
            uidMoves: moves[id] ?? [])
    }

    private func schedule(_ row: Row) throws -> AthleteMessage.Schedule {
        .init(
            dueAt: try row.column(9), working: try row.column(10), lastStartedAt: try row.column(11),
            lastFinishedAt: try row.column(12), lastError: try row.column(13), failures: try row.column(14))
    }
}

/// Counts by endpoint and state as one message per endpoint, in the order in which they are fetched: summary, detail, streams, zones.
enum EndpointCounting {
    private static let order = ["summary", "detail", "streams", "zones"]

    static func messages(_ counts: [(endpoint: String, state: String, count: Int)]) -> [EndpointCounts] {
        let byEndpoint = Dictionary(grouping: counts, by: \.endpoint)
        return order.compactMap { endpoint in byEndpoint[endpoint].map { message(endpoint, $0) } }
    }

    private static func message(_ endpoint: String, _ counts: [(endpoint: String, state: String, count: Int)]) -> EndpointCounts {
        let byState = Dictionary(counts.map { ($0.state, $0.count) }, uniquingKeysWith: +)
        func count(_ state: String) -> Int { byState[state] ?? 0 }
        return EndpointCounts(
            endpoint: endpoint, landed: count("landed"), pending: count("pending"), failed: count("failed"), empty: count("empty"),
            noScope: count("no_scope"), gone: count("gone"), quarantined: count("quarantined"), expired: count("expired"))
    }
}

/// One athlete, or all, as bounds of `athlete_id`, so that one statement serves both and uses the key's index.
enum AthleteRange {
    static func of(_ athlete: Int64?) -> ClosedRange<Int64> {
        athlete.map { $0...$0 } ?? Int64.min...Int64.max
    }
}
