import Core
import Database
import Foundation

/// What PostgreSQL holds in all, in numbers: the one source of `fitnessctl status`, `/metrics`, the progress display and systemd's status line.
public struct StatusFigures: Sendable, Equatable {
    /// Entries of the ledger (`sync.completeness`) with the same endpoint and state.
    public struct LedgerCount: Sendable, Equatable {
        public let endpoint: String
        public let state: String
        public let count: Int
        /// Those whose next try lies in the future.
        public let deferredCount: Int
    }

    /// Activities that don't pass a check.
    public struct FindingCount: Sendable, Equatable {
        public let check: String
        public let count: Int
    }

    /// Athletes by `sync.athlete.state`.
    public internal(set) var athletesByState: [String: Int] = [:]
    /// Active athletes whose pause has not ended.
    public internal(set) var pausedCount = 0
    /// Athletes with a lease that holds.
    public internal(set) var leasedCount = 0
    /// Active athletes whose first walk has not ended.
    public internal(set) var firstWalkCount = 0
    /// Activities that lists named and that are not gone.
    public internal(set) var activityCount = 0
    public internal(set) var ledger: [LedgerCount] = []
    public internal(set) var silverActivityCount = 0
    public internal(set) var silverPointCount = 0
    /// Activities on the work list, and since when the first waits of those that are not made again after all else.
    public internal(set) var backlogCount = 0
    public internal(set) var backlogSince: Date?
    /// In the order of the checks' names.
    public internal(set) var findings: [FindingCount] = []
    /// Quarantine entries by their reason.
    var quarantineByReason: [String: Int] = [:]
    /// Athletes whose erasure has begun and has not ended.
    var openErasureCount = 0
    public internal(set) var events = EventHealth(found: 0, announced: 0, lastEventAt: nil)
    public internal(set) var countedAt = Date.distantPast

    public init() {}

    public var athleteCount: Int { athletesByState.values.reduce(0, +) }
    public func athleteCount(_ state: String) -> Int { athletesByState[state] ?? 0 }
    public var quarantinedCount: Int { ledger.filter { $0.state == "quarantined" }.reduce(0) { $0 + $1.count } }

    /// Calls for activities that could be made now.
    public var dueCallCount: Int {
        open.filter { $0.endpoint != "summary" }.reduce(0) { $0 + $1.count - $1.deferredCount }
    }

    /// Calls that are tried again later.
    public var deferredCallCount: Int { open.reduce(0) { $0 + $1.deferredCount } }

    /// Everything that is due is in silver.
    public var isComplete: Bool { athleteCount > 0 && firstWalkCount == 0 && dueCallCount == 0 && backlogCount == 0 }

    /// What is left to fetch, in words.
    public var whatIsLeft: String {
        if athleteCount == 0 { return "no athletes connected yet" }
        let needsPerson = athleteCount == athleteCount("reconnect") + athleteCount("erasing")
        if needsPerson { return "no athlete can be synced" }
        var parts: [String] = []
        if firstWalkCount > 0 {
            parts.append("\(firstWalkCount) activity \(firstWalkCount == 1 ? "list" : "lists") not fully read yet")
        }
        if dueCallCount > 0 { parts.append("\(dueCallCount) \(dueCallCount == 1 ? "call" : "calls") to make") }
        if deferredCallCount > 0 { parts.append("\(deferredCallCount) postponed") }
        return parts.isEmpty ? "everything due is fetched" : parts.joined(separator: ", ")
    }

    private var open: [LedgerCount] { ledger.filter { $0.state == "pending" || $0.state == "failed" } }
}

/// Counts `StatusFigures`, and sets the gauges to them. Large tables are counted less often than asked: counting takes at most a twentieth of one connection's time.
public struct StatusReader: Sendable {
    private let counted: CachedValue<StatusFigures>

    public init(database: Database, clock: WallClock) {
        let meters = StatusMeters()
        counted = CachedValue(.afterLoadTimes(20)) {
            do {
                let figures = try await Self.count(database, now: clock.now)
                meters.show(figures)
                return figures
            } catch {
                meters.clear()
                throw error
            }
        }
    }

    /// - Throws: `DatabaseError`.
    public func figures() async throws -> StatusFigures { try await counted.value() }

    private static func count(_ database: Database, now: Date) async throws -> StatusFigures {
        let answers = try await database.withConnection { connection in
            try await connection.pipeline([athletes(now), activities, ledger(now), silver, backlog, findings, quarantine, erasures])
        }
        var figures = StatusFigures()
        for row in answers[0] {
            let (state, count, paused, leased, walking) = try row.decode(String.self, Int.self, Int.self, Int.self, Int.self)
            figures.athletesByState[state] = count
            figures.pausedCount += paused
            figures.leasedCount += leased
            figures.firstWalkCount += walking
        }
        figures.activityCount = try answers[1][0].decode(Int.self)
        figures.ledger = try answers[2].map { row in
            let (endpoint, state, count, deferred) = try row.decode(String.self, String.self, Int.self, Int.self)
            return .init(endpoint: endpoint, state: state, count: count, deferredCount: deferred)
        }
        (figures.silverActivityCount, figures.silverPointCount) = try answers[3][0].decode(Int.self, Int.self)
        (figures.backlogCount, figures.backlogSince) = try backlog(answers[4])
        figures.findings = try answers[5].map { row in
            let (check, count) = try row.decode(String.self, Int.self)
            return .init(check: check, count: count)
        }
        for row in answers[6] {
            let (reason, count) = try row.decode(String.self, Int.self)
            figures.quarantineByReason[reason] = count
        }
        figures.openErasureCount = try answers[7][0].decode(Int.self)
        figures.events = try await EventHealth.read(database, now: now)
        figures.countedAt = now
        return figures
    }

    /// Activities that silver has still to transform, and since when the oldest waits, counted now.
    ///
    /// - Throws: `DatabaseError`.
    public static func silverBacklog(in database: Database) async throws -> (count: Int, since: Date?) {
        try backlog(try await database.query(backlog))
    }

    /// Since when the oldest activity waits that silver has to transform at once; nil: none waits.
    ///
    /// - Throws: `DatabaseError`.
    public static func oldestInBacklog(in database: Database) async throws -> Date? {
        let rows = try await database.query("SELECT min(enqueued_at) FROM sync.transform_work WHERE enqueued_at < 'infinity'")
        return try rows[0].decode(Date?.self)
    }

    private static func backlog(_ rows: Rows) throws -> (count: Int, since: Date?) { try rows[0].decode(Int.self, Date?.self) }

    // MARK: Statements

    private static func athletes(_ now: Date) -> SQL {
        """
        SELECT a.state, count(*), count(*) FILTER (WHERE a.state = 'active' AND a.paused_until > \(now)),
               count(*) FILTER (WHERE s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now)),
               count(*) FILTER (WHERE a.state = 'active' AND c.athlete_id IS NOT NULL AND c.history_complete_at IS NULL)
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id) LEFT JOIN sync.cursor c USING (athlete_id)
        GROUP BY a.state
        """
    }

    private static let activities: SQL = "SELECT count(*) FROM sync.activity WHERE gone_at IS NULL"

    private static func ledger(_ now: Date) -> SQL {
        "SELECT endpoint, state, count(*), count(*) FILTER (WHERE next_try_at > \(now)) FROM sync.completeness GROUP BY endpoint, state"
    }

    private static let silver: SQL = """
        SELECT (SELECT count(*) FROM silver.activity), (SELECT coalesce(sum(point_count), 0)::bigint FROM silver.activity_stream)
        """

    /// What is made again after all else does not wait.
    private static let backlog: SQL = """
        SELECT count(DISTINCT (athlete_id, activity_id)), min(enqueued_at) FILTER (WHERE enqueued_at < 'infinity') FROM sync.transform_work
        """

    private static let quarantine: SQL = "SELECT reason, count(*) FROM sync.quarantine GROUP BY reason"

    private static let erasures: SQL = "SELECT count(*) FROM sync.erasure_request"

    private static let findings: SQL = """
        SELECT check_name, count(*) FROM (
            SELECT check_name FROM silver.quality_finding UNION ALL SELECT check_name FROM silver.athlete_finding) AS f
        GROUP BY check_name ORDER BY check_name
        """
}
