import Core
import Database
import Foundation

/// Reads happenings in the order in which they were recorded, each once and without a gap, from any mark on. It keeps nothing but numbers, so
/// that whoever reads slowly costs nobody memory.
public struct HappeningReader: Sendable {
    /// Happenings in one read, of each table.
    private static let countMax = 200
    /// A request is shown with its outcome, for which it is held back so long at most, in seconds.
    private static let outcomeWaitMax_s: Double = 10

    private let database: Database
    /// Only this athlete's; nil: all.
    private let athlete: AthleteID?
    private var settled = Happening.Source.allCases.map { _ in SettledNumbers() }
    public private(set) var mark = HappeningMark()
    /// The last request before the first one that is held back; nil: none is.
    private var lastEnded: Int64?

    public init(database: Database, athlete: AthleteID?) {
        self.database = database
        self.athlete = athlete
    }

    /// Whether something may be about to appear that has a number already, so that it is worth reading again soon.
    public var isWaiting: Bool { lastEnded != nil || settled.contains(where: \.isWaiting) }

    /// Begins after `mark`. False: the mark is not of this database, which has not given out such numbers yet.
    public mutating func begin(after mark: HappeningMark) async throws -> Bool {
        try await observe()
        self.mark = mark
        let drawn = try await drawnNumbers()
        return Happening.Source.allCases.allSatisfy { mark[$0] <= drawn[$0.rawValue] }
    }

    /// Begins with the last `count` happenings.
    public mutating func begin(withLast count: Int) async throws {
        try await observe()
        for source in Happening.Source.allCases { mark[source] = bounds[source.rawValue] }
        if count == 0 { return }
        let newest = try await rows { Self.newest($0, athlete, upTo: bounds[$0.rawValue], limit: count) }
        for shown in newest.sorted(by: { $0.at > $1.at }).prefix(count) { mark[shown.source] = min(mark[shown.source], shown.number - 1) }
    }

    /// What has happened since, and the mark after each. May be called again at once as long as it returns something.
    public mutating func next() async throws -> [(happening: Happening, mark: HappeningMark)] {
        try await observe()
        let bounds = bounds
        let start = mark
        let found = try await rows { Self.rows(of: $0, athlete, after: start[$0], upTo: bounds[$0.rawValue]) }
        let bySource = Happening.Source.allCases.map { source in found.filter { $0.source == source } }
        var merged: [(happening: Happening, mark: HappeningMark)] = []
        for happening in Self.merged(bySource) {
            mark[happening.source] = happening.number
            merged.append((happening, mark))
        }
        for source in Happening.Source.allCases where bySource[source.rawValue].count < Self.countMax {
            mark[source] = max(mark[source], bounds[source.rawValue])
        }
        return merged
    }

    /// In the order of their times, as far as the order in each table allows.
    private static func merged(_ lists: [[Happening]]) -> [Happening] {
        var rests = lists.map { $0[...] }
        var all: [Happening] = []
        func at(_ list: Int) -> Date { rests[list].first?.at ?? .distantFuture }
        while let next = rests.indices.filter({ !rests[$0].isEmpty }).min(by: { at($0) < at($1) }) { all.append(rests[next].removeFirst()) }
        return all
    }

    /// The number up to which each table may be shown.
    private var bounds: [Int64] {
        Happening.Source.allCases.map { source in
            let settled = settled[source.rawValue].settled
            return source == .request ? min(settled, lastEnded ?? settled) : settled
        }
    }

    // MARK: Statements

    private mutating func observe() async throws {
        let drawn = try await drawnNumbers()
        // Read after the numbers: whoever drew one of them is among these, or has ended.
        let holders = try await database.query(
            """
            SELECT l.relation = 'sync.event'::regclass, l.relation = 'sync.run'::regclass, l.virtualtransaction
            FROM pg_locks l
            WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.relation IN ('sync.event'::regclass, 'sync.run'::regclass, 'sync.audit'::regclass) AND l.mode = 'RowExclusiveLock'
            """
        ).map { try $0.decode(Bool.self, Bool.self, String.self) }
        for source in Happening.Source.allCases {
            let writers = holders.filter { isEvent, isRun, _ in source == (isEvent ? .event : isRun ? .run : .request) }.map(\.2)
            settled[source.rawValue].observed(drawn: drawn[source.rawValue], writers: Set(writers))
        }
        // Read last, so that it knows each request that is settled by now.
        let open = try await database.query(
            """
            SELECT min(audit_id) - 1 FROM sync.audit
            WHERE outcome = 'begun' AND asked_at > now() - \(Self.outcomeWaitMax_s) * interval '1 second'
            """)
        lastEnded = try open[0].decode(Int64?.self)
    }

    /// The highest number that each table has given out.
    private func drawnNumbers() async throws -> [Int64] {
        let rows = try await database.query(
            """
            SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('sync.event', 'event_id')::regclass), 0),
                coalesce(pg_sequence_last_value(pg_get_serial_sequence('sync.run', 'run_id')::regclass), 0),
                coalesce(pg_sequence_last_value(pg_get_serial_sequence('sync.audit', 'audit_id')::regclass), 0)
            """)
        let (event, run, request) = try rows[0].decode(Int64.self, Int64.self, Int64.self)
        return [event, run, request]
    }

    private func rows(_ statement: (Happening.Source) -> SQL) async throws -> [Happening] {
        let statements = Happening.Source.allCases.map(statement)
        let answers = try await database.withConnection { try await $0.pipeline(statements) }
        return try zip(Happening.Source.allCases, answers).flatMap { source, rows in try rows.map { try Happening(source, $0) } }
    }

    private static func rows(of source: Happening.Source, _ athlete: AthleteID?, after: Int64, upTo: Int64) -> SQL {
        """
        SELECT * FROM (\(raw: columns(source))) AS h
        WHERE number > \(after) AND number <= \(upTo) AND (\(athlete)::bigint IS NULL OR athlete_id = \(athlete))
        ORDER BY number LIMIT \(countMax)
        """
    }

    private static func newest(_ source: Happening.Source, _ athlete: AthleteID?, upTo: Int64, limit: Int) -> SQL {
        """
        SELECT * FROM (\(raw: columns(source))) AS h
        WHERE number <= \(upTo) AND (\(athlete)::bigint IS NULL OR athlete_id = \(athlete)) ORDER BY number DESC LIMIT \(limit)
        """
    }

    private static func columns(_ source: Happening.Source) -> String {
        switch source {
        case .event: "SELECT event_id AS number, received_at, athlete_id, object_type, object_id, aspect_type FROM sync.event"
        case .run:
            """
            SELECT run_id AS number, finished_at, athlete_id, requests, landed, extract(epoch FROM finished_at - started_at)::float8, outcome,
                error
            FROM sync.run
            """
        case .request:
            """
            SELECT a.audit_id AS number, a.asked_at, n.athlete_id, coalesce(a.user_name, a.user_id::text), a.action, a.outcome, a.refusal
            FROM sync.audit a LEFT JOIN sync.audit_athlete n USING (audit_id)
            """
        }
    }
}

extension Happening {
    fileprivate init(_ source: Source, _ row: Row) throws {
        (number, at, athlete) = (try row.column(0), try row.column(1), try row.column(2))
        switch source {
        case .event: content = .event(objectType: try row.column(3), objectID: try row.column(4), aspect: try row.column(5))
        case .run:
            content = .run(
                calls: try row.column(3), landed: try row.column(4), duration_s: try row.column(5), outcome: try row.column(6),
                error: try row.column(7))
        case .request:
            content = .request(
                user: try row.column(3), action: try row.column(4), outcome: try row.column(5), refusal: try row.column(6))
        }
    }
}
