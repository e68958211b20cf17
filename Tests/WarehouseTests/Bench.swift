import Core
import Database
import Foundation
import SyncStore
import TestKit

@testable import Warehouse

/// A warehouse on a database of its own, with one athlete under lease, and helpers to land and to read back.
struct Bench {
    static let athlete = AthleteID(134_815)
    static let noon = Date(timeIntervalSince1970: 1_795_435_200)  // 2026-11-23 12:00:00 UTC

    let database: Database
    let clock: WallClock
    let feed: SilverFeed
    let writer: WarehouseWriter
    let runner: SilverRunner
    let lease: LeaseFence

    init(_ database: Database, share: URL = checkout, feedBytesMax: Int = SilverFeed.bytesMaxDefault) async throws {
        self.database = database
        clock = .manual(at: Self.noon)
        feed = SilverFeed(bytesMax: feedBytesMax)
        writer = WarehouseWriter(database: database, silverFeed: feed, clock: clock, logger: quietLogger)
        runner = SilverRunner(database: database, shareDirectory: share, feed: feed, clock: clock, logger: quietLogger)
        lease = try await Self.enrol(Self.athlete, in: database)
    }

    /// Adds an athlete whose lease this test holds.
    static func enrol(_ athlete: AthleteID, in database: Database) async throws -> LeaseFence {
        let lease = LeaseFence(owner: UUID(), fence: 7)
        try await database.query("INSERT INTO sync.athlete (athlete_id) VALUES (\(athlete))")
        try await database.query("INSERT INTO sync.silver_lock VALUES (\(athlete), false), (\(athlete), true)")
        try await database.query(
            "INSERT INTO sync.schedule (athlete_id, lease_owner, lease_fence) VALUES (\(athlete), \(lease.owner), \(lease.fence))")
        return lease
    }

    func batch(
        _ answers: [BronzeAnswer] = [], listed: [ListedRow] = [], ledger: [LedgerChange] = [], cursor: CursorChange? = nil,
        quarantine: [QuarantineEntry] = []
    ) -> BronzeBatch {
        BronzeBatch(
            athleteID: Self.athlete, lease: lease, answers: answers, listed: listed, ledger: ledger, cursor: cursor, quarantine: quarantine)
    }

    @discardableResult
    func land(
        _ answers: [BronzeAnswer] = [], listed: [ListedRow] = [], ledger: [LedgerChange] = [], cursor: CursorChange? = nil,
        quarantine: [QuarantineEntry] = []
    ) async throws -> CommitReceipt {
        try await writer.commit(batch(answers, listed: listed, ledger: ledger, cursor: cursor, quarantine: quarantine))
    }

    /// Lands the answer of GET /athletes/{id}/stats.
    func landStats(_ body: String, at: Date = noon) async throws {
        try await land([answer(.athleteStats, Self.athlete.rawValue, body, at: at)])
    }

    /// Runs silver until its work list is empty; returns how many pieces of work it did.
    @discardableResult
    func transform() async throws -> Int {
        var count = 0
        while case let done = try await runner.runOnce(), done > 0 { count += done }
        return count
    }

    /// Rebuilds the athlete's silver, or does a dry run; returns for how many athletes it was requested.
    @discardableResult
    func rebuild(_ athlete: AthleteID? = nil, isDryRun: Bool = false) async throws -> Int {
        let count = try await RebuildDesk(database: database).request(athlete, isDryRun: isDryRun, now: clock.now)
        while try await runner.rebuildOnce() {}
        return count
    }

    /// The one value of a statement.
    func value<Value: SQLDecodable>(_ sql: SQL, as type: Value.Type = Value.self) async throws -> Value {
        let rows = try await database.query(sql)
        guard rows.count == 1 else { throw WrongCount(count: rows.count) }
        return try rows[0].decode(Value.self)
    }

    /// All rows of a statement in PostgreSQL's notation, `(a,b,)`, where an empty field is NULL.
    func lines(_ statement: String) async throws -> [String] {
        try await database.query(SQL(raw: "SELECT q::text FROM (\(statement)) AS q")).map { try $0.decode(String.self) }
    }

    struct WrongCount: Error { let count: Int }
}

func answer(_ endpoint: BronzeEndpoint, _ id: Int64, _ body: String, at: Date = Bench.noon) -> BronzeAnswer {
    BronzeAnswer(endpoint: endpoint, objectID: id, request: "/activities/\(id)", status: 200, fetchedAt: at, body: Array(body.utf8))
}

func listed(_ id: Int64, fingerprint: UInt8 = 1, manual: Bool = false, at: Date = Bench.noon) -> ListedRow {
    ListedRow(activityID: ActivityID(id), startAt: at, manual: manual, fingerprint: Array(repeating: fingerprint, count: 32))
}
