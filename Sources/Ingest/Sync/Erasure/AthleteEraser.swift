import Core
import Database
import Foundation
import Logging
import StravaAPI
import SyncStore
import Vault
import Warehouse

/// Erases an athlete: everything in every schema, the grant at Strava, and what is in memory; a receipt without personal data remains.
///
/// The intent is in PostgreSQL before anything else happens, and stops the athlete's work. Each further step may be repeated, so that an erasure
/// that a crash interrupts is finished by `ErasureKeeper`, in this process or another.
public struct AthleteEraser: Sendable {
    /// How long the caller of `erase` waits for Strava; the keeper tries again.
    static let revocationMax: Duration = .seconds(10)
    /// Another process takes up an erasure that this one has not ended by then, in seconds.
    private static let takeover_s: Double = 60
    /// How long the erasure waits for a batch or a rebuild of the athlete's silver before it makes way and tries again, in milliseconds.
    private static let lockMax_ms = 5_000
    /// Attempts at a transaction that PostgreSQL aborts to resolve a deadlock.
    private static let attemptsMax = 3

    let database: Database
    let vault: TokenVault
    let clock: WallClock
    let logger: Logger
    private let meters = SyncMeters()
    private let feed: SilverFeed?
    private let file: ReceiptFile?

    /// - Parameters:
    ///   - feed: the answers in memory, which are dropped, too.
    ///   - file: where receipts are kept beside the database; nil: nowhere.
    public init(
        database: Database, vault: TokenVault, feed: SilverFeed? = nil, file: ReceiptFile? = nil, clock: WallClock, logger: Logger
    ) {
        self.database = database
        self.vault = vault
        self.feed = feed
        self.file = file
        self.clock = clock
        self.logger = logger
    }

    // MARK: For callers

    /// What would be deleted: rows by table, those with rows only.
    ///
    /// - Throws: `SyncError.unknownAthlete`, `DatabaseError`.
    public func plan(_ athlete: AthleteID) async throws -> [String: Int] {
        try await database.withConnection { connection in
            let tables = try await tables(on: connection)
            let counts = try await connection.pipeline(ErasureTable.counts(athlete, in: tables)).map { try $0[0].decode(Int.self) }
            let rows = Self.rowCounts(tables, counts)
            if rows["sync.athlete"] == nil { throw unknown(athlete) }
            return rows
        }
    }

    /// Erases the athlete. Repeating it returns the receipt of the erasure that is under way.
    ///
    /// - Returns: the receipt. Without `erasedAt`, something still holds the athlete's rows (a rebuild of silver, a token refresh), and the
    ///   keeper finishes it within minutes. Strava may have to be asked again, too: `revocation` is `pending` then.
    /// - Throws: `SyncError.unknownAthlete`; `DatabaseError` if the intent could not be written.
    @discardableResult
    public func erase(_ athlete: AthleteID, by origin: ErasureOrigin) async throws -> ErasureReceipt {
        guard let receipt = try await erase(athlete, by: origin, sparesLivingGrant: false) else { throw unknown(athlete) }
        return receipt
    }

    /// Erases the athlete after a refused refresh, unless there is a new grant by now.
    func eraseIfRefused(_ athlete: AthleteID) async throws {
        _ = try await erase(athlete, by: .deauthorization, sparesLivingGrant: true)
    }

    private func erase(_ athlete: AthleteID, by origin: ErasureOrigin, sparesLivingGrant: Bool) async throws -> ErasureReceipt? {
        let begun = try await retried { try await intend(athlete, by: origin, sparesLivingGrant: sparesLivingGrant) }
        guard let erasure = begun else { return nil }
        do { try await finish(athlete, erasure) } catch {
            // The intent stands: the keeper goes on.
            if !error.isCancellation { logger.log(.notice, "erasure not finished yet, it is tried again", [.error: Self.words(error)]) }
        }
        return try await receipt(erasure)
    }

    /// - Throws: `DatabaseError`.
    public func receipts(after number: Int64, limit: Int) async throws -> [ErasureReceipt] {
        try await database.query(
            "SELECT \(raw: ErasureReceipt.columns) FROM sync.erasure WHERE erasure_no > \(number) ORDER BY erasure_no LIMIT \(limit)"
        ).map(ErasureReceipt.init)
    }

    private func receipt(_ erasure: UUID) async throws -> ErasureReceipt? {
        try await database.query("SELECT \(raw: ErasureReceipt.columns) FROM sync.erasure WHERE erasure_id = \(erasure)")
            .first.map(ErasureReceipt.init)
    }

    // MARK: Steps

    /// Writes the intent. Returns the number of the erasure, also of one that is under way; nil: there is a living grant.
    private func intend(_ athlete: AthleteID, by origin: ErasureOrigin, sparesLivingGrant: Bool) async throws -> UUID? {
        let (now, erasure) = (clock.now, UUID())
        let (tag, keyID) = vault.erasureTag(of: athlete)
        return try await database.transaction { connection in
            try await connection.query(RowLock.athlete(athlete))
            let rows = try await connection.query(
                """
                SELECT r.erasure_id, EXISTS (SELECT FROM vault.token t WHERE t.athlete_id = a.athlete_id AND t.dead_at IS NULL)
                FROM sync.athlete a LEFT JOIN sync.erasure_request r USING (athlete_id) WHERE a.athlete_id = \(athlete)
                """)
            guard let row = rows.first else { throw unknown(athlete) }
            let (known, isAlive) = try row.decode(UUID?.self, Bool.self)
            if let known { return known }
            await connection.afterCommit { [meters] in meters.erasures.add(1, origin.rawValue) }
            if sparesLivingGrant, isAlive {
                try await connection.query(ErasureTable.withdraw(athlete))
                return nil
            }
            _ = try await connection.pipeline(
                ErasureTable.begin(
                    athlete, erasure: erasure, tag: tag, keyID: keyID, by: origin, now: now,
                    tryAt: now.addingTimeInterval(Self.takeover_s)))
            return erasure
        }
    }

    /// Takes the token, asks Strava to revoke it, deletes everything, and files the receipt.
    func finish(_ athlete: AthleteID, _ erasure: UUID) async throws {
        switch try await vault.take(athlete, for: erasure, tryAt: clock.now.addingTimeInterval(Self.takeover_s)) {
        case .kept: await revokeInTime(erasure)
        case .nothing: try await settle(erasure, .notNeeded)
        case .unreadable: try await settle(erasure, .unreadable)
        }
        if let rows = try await retried({ try await delete(athlete, erasure) }) {
            logger.log(.notice, "athlete erased", [.rows: rows])
        }
        await forget([athlete])
        try await fileReceipts()
    }

    /// One transaction. Returns the number of rows; nil: it was done before.
    private func delete(_ athlete: AthleteID, _ erasure: UUID) async throws -> Int? {
        let now = clock.now
        return try await database.transaction { connection in
            try await connection.execute("SET LOCAL lock_timeout = \(Self.lockMax_ms)")
            let held = try await connection.pipeline(RowLock.erasure(of: athlete, erasure))
            if held[1].isEmpty { return nil }
            let tables = try await tables(on: connection)
            let statements = zip(tables, ErasureTable.counts(athlete, in: tables)).map { table, count in
                table.isWritable ? ErasureTable.delete(athlete, from: table) : count
            }
            let answers = try await connection.pipeline(statements)
            let counts = try zip(tables, answers).map { table, rows in table.isWritable ? rows.affected : try rows[0].decode(Int.self) }
            let rows = Self.rowCounts(tables, counts)
            try await connection.query(ErasureTable.complete(erasure, counts: JSONText(try ErasureReceipt.json(rows)), now: now))
            return rows.values.reduce(0, +)
        }
    }

    private func tables(on connection: Connection) async throws -> [ErasureTable.Table] {
        try await connection.query(ErasureTable.tables).map(ErasureTable.table)
    }

    /// The intent itself is not counted.
    private static func rowCounts(_ tables: [ErasureTable.Table], _ counts: [Int]) -> [String: Int] {
        let pairs = zip(tables, counts).filter { $0.1 > 0 && $0.0.name != "sync.erasure_request" }
        return Dictionary(pairs.map { ($0.0.name, $0.1) }) { first, _ in first }
    }

    // MARK: Strava

    /// Gives Strava a few seconds: the erasure does not depend on its answer.
    private func revokeInTime(_ erasure: UUID) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await revoke(erasure, attempts: 0) }
            group.addTask { do { try await clock.sleep(for: Self.revocationMax) } catch {} }
            await group.next()
            group.cancelAll()
        }
    }

    /// Asks Strava once; what failed is tried again, at growing intervals up to an hour.
    func revoke(_ erasure: UUID, attempts: Int) async {
        do {
            guard let way = try await vault.revoke(erasure) else { return }
            try await settle(erasure, way == .revoked ? .revoked : .deauthorized)
        } catch {
            if error.isCancellation || Task.isCancelled { return }
            logger.log(.warning, "grant of an erased athlete not revoked yet, it is tried again", [.error: Self.words(error)])
            let wait_s = 60 * pow(2, Double(min(attempts, 6)))
            do { try await vault.postponeRevocation(erasure, until: clock.now.addingTimeInterval(min(wait_s, 3_600))) } catch {
                logger.log(.debug, "revocation not postponed", [.error: Self.words(error)])
            }
        }
    }

    /// Notes what became of the grant; the token is kept no longer.
    func settle(_ erasure: UUID, _ revocation: ErasureRevocation) async throws {
        let now = clock.now
        try await database.transaction { connection in
            try await connection.query(ErasureTable.settle(erasure, revocation, now: now))
            try await vault.drop([erasure], on: connection)
        }
    }

    // MARK: Memory and file

    private func forget(_ athletes: Set<AthleteID>) async {
        feed?.forget(athletes)
        await vault.forget(athletes)
    }

    /// Drops from memory whoever was erased, here or by another process.
    func forgetErased() async throws {
        let remembered = (feed?.athletes ?? []).union(await vault.remembered)
        if remembered.isEmpty { return }
        let rows = try await database.query(
            """
            SELECT athlete_id FROM unnest(\(remembered.sorted())) AS m(athlete_id)
            WHERE NOT EXISTS (SELECT FROM sync.athlete a WHERE a.athlete_id = m.athlete_id AND a.state <> 'erasing')
            """)
        if !rows.isEmpty { await forget(Set(try rows.map { try $0.decode(AthleteID.self) })) }
    }

    /// Writes the receipts that are in no file as they stand.
    func fileReceipts() async throws {
        guard let file else { return }
        let rows = try await database.query(
            """
            SELECT \(raw: ErasureReceipt.columns) FROM sync.erasure
            WHERE filed_at IS NULL AND erased_at IS NOT NULL ORDER BY erasure_no LIMIT \(Self.filedAtOnce)
            """)
        let receipts = try rows.map(ErasureReceipt.init)
        if receipts.isEmpty { return }
        try file.append(receipts)
        for receipt in receipts {
            try await database.query(ErasureTable.noteFiled(receipt.erasureID, revocation: receipt.revocation, now: clock.now))
        }
    }

    private static let filedAtOnce = 1_000

    /// The receipts that the file holds already, as the lines of a replay.
    var filed: [UInt8] { get throws { try file?.contents() ?? [] } }

    // MARK: Errors

    private func retried<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        for _ in 1..<Self.attemptsMax {
            do { return try await body() } catch let error as DatabaseError where error.sqlState == "40P01" { continue }
        }
        return try await body()
    }

    /// The vault's errors name an athlete, which these must not.
    private static func words(_ error: any Error) -> String { (error as? VaultError)?.code.rawValue ?? "\(error)" }

    private func unknown(_ athlete: AthleteID) -> SyncError {
        SyncError(.unknownAthlete, "athlete \(athlete) is not known: see fitnessctl athletes list")
    }
}
