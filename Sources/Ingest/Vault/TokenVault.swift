import Core
import Database
import Foundation
import Logging
import Metering
import StravaAPI
import SyncStore

/// Owns the athletes' sealed tokens and the keyring: the only code that can read a token.
///
/// Invariants: at most one refresh per athlete is under way in all processes on one database; a new pair is committed before its access
/// token is handed out, and the only valid pair is never lost while this process lives; no log, error or report contains a token.
public actor TokenVault {
    /// An access token is refreshed when it has this much time left or less.
    ///
    /// Strava gives a new one only when the old has an hour or less left, and takes the old one until its last second. Half of that hour is
    /// equally far from both limits: our clock may be 30 minutes fast (Strava still gives a new token) or 30 minutes slow (the old one still
    /// works), and no request in flight outlives its token.
    public static let refreshMargin = Duration.seconds(1800)
    /// A token that Strava just gave is used for this long before the next refresh, however soon it seems to expire (our clock may be wrong).
    private static let refreshPauseMin = Duration.seconds(60)
    /// A refresh holds a database connection while Strava answers.
    static let refreshesMax = ConnectionShares.refreshes
    /// Opened access tokens kept in memory, about 200 bytes each; far more than athletes are in work at once.
    private static let openedMax = 4096
    /// Two processes that overtake each other more often than this have clocks that differ by hours.
    private static let roundsMax = 3

    /// An access token in the clear, with the time until which it is handed out.
    private struct OpenedToken: Sendable {
        let token: Secret
        let useUntil: Date
    }

    /// A pair that replaces the one of `generation` and is not known to be in the database. It is sealed when it is written.
    private struct UncommittedPair: Sendable {
        let grant: TokenGrant
        let opened: OpenedToken
        let generation: Int64
        let receivedAt: Date
    }

    /// How a refresh under the row's lock ended.
    private enum RefreshOutcome: Sendable {
        case renewed(OpenedToken)
        /// Another process was faster; this is what it stored.
        case current(TokenRow)
        /// The pair changed and needs a refresh again: start over.
        case overtaken(TokenRow)
        case dead(DeadReason)
        case failed(StravaError)
        case erased
    }

    /// What Strava answered to the refresh token.
    private enum RefreshAnswer: Sendable {
        case granted(TokenGrant)
        case refused(answerWasLost: Bool)
        case failed(StravaError)
    }

    let database: Database
    /// What `HeldGrant` and `SealedRows` use, too.
    nonisolated let keyring: Keyring
    let strava: StravaClient
    let clock: WallClock
    private let logger: Logger
    private let meters = VaultMeters()

    /// The one task under way for an athlete. Its result is nil when it was not started for a token.
    private var underWay: [AthleteID: Task<Secret?, any Error>] = [:]
    private var opened: [AthleteID: OpenedToken] = [:]
    /// Rises each time an opened token is forgotten, so that a row read before is not remembered afterwards.
    private var forgetCount: UInt64 = 0
    /// Pairs that Strava gave and PostgreSQL has not confirmed. They are the only copy: they are written before anything else.
    private var uncommitted: [AthleteID: UncommittedPair] = [:]
    private var refreshSlots = RefreshSlots(countMax: TokenVault.refreshesMax)

    public init(
        database: Database, keyring: Keyring, strava: StravaClient, clock: WallClock = .system,
        logger: Logger = Logger(label: "vault")
    ) {
        self.database = database
        self.keyring = keyring
        self.strava = strava
        self.clock = clock
        self.logger = logger
    }

    // MARK: Grants

    /// Seals and stores a pair inside the caller's transaction, replacing an older one. The athlete's row in `sync.athlete` must exist.
    ///
    /// - Throws: `VaultError` when the pair can't be sealed, `DatabaseError`.
    public func store(_ grant: TokenGrant, for athlete: AthleteID, on connection: Connection) async throws {
        let now = clock.now
        let keyID = try await KeyringQueries.holdSealingKey(keyring, on: connection)
        let pair = try SealedPair(grant, athlete: athlete, keyring: keyring, keyID: keyID, at: now)
        _ = try await connection.query(VaultQueries.store(pair, athlete: athlete, at: now))
        await connection.afterCommit { await self.forget(athlete) }
    }

    /// When the stored access token expires, if that is later than the grant's expiry. Nil otherwise, and when no token is stored, or it is
    /// known to be dead or another athlete's. The stored grant can't change until the caller's transaction ends.
    public func laterExpiry(than grant: TokenGrant, of athlete: AthleteID, on connection: Connection) async throws -> Date? {
        _ = try await connection.query(RowLock.athlete(athlete))
        let stored = try await connection.query(VaultQueries.livingExpiry(of: athlete)).first?.decode(Date.self)
        // Fractions of a second may be lost on the way to PostgreSQL: the same grant must not be later than itself.
        let given = SealedPair.clampedExpiry(grant.expiresAt, at: clock.now).addingTimeInterval(1)
        return stored.flatMap { $0 > given ? $0 : nil }
    }

    // MARK: Erasure

    /// Whether Strava refuses the athlete's grant: asks for new tokens, although the stored ones may hold for hours. A refusal that a lost answer
    /// explains as well proves nothing: then the stored token may only be an old one.
    ///
    /// - Throws: `VaultError`, `DatabaseError` when it could not be found out; a grant that can't be asked about counts as alive.
    public func isRefused(_ athlete: AthleteID) async throws -> Bool {
        while let work = underWay[athlete] { _ = await work.result }
        _ = try await begin(athlete) { try await self.mistrust(athlete) }.value
        do {
            _ = try await accessToken(for: athlete)
            return false
        } catch let error as VaultError where error.code == .refreshTokenDead {
            let row = try await database.query(VaultQueries.row(of: athlete)).first.map { try TokenRow($0) }
            return row?.deadReason == .refreshTokenInvalid
        } catch let error as VaultError where error.code == .noToken {
            return false
        }
    }

    private func mistrust(_ athlete: AthleteID) async throws -> Secret? {
        try await storeUncommitted(of: athlete)
        opened[athlete] = nil
        try await database.transaction { connection in
            guard let locked = try await connection.query(VaultQueries.lockedRow(of: athlete)).first else { return }
            _ = try await connection.query(VaultQueries.refuseAccess(athlete, generation: try TokenRow(locked).generation))
        }
        return nil
    }

    /// Athletes of whom something is in memory.
    public var remembered: Set<AthleteID> { Set(opened.keys).union(uncommitted.keys) }

    /// Drops everything about athletes who were erased.
    public func forget(_ athletes: Set<AthleteID>) {
        for athlete in athletes { forget(athlete) }
    }

    /// Writes a pair that Strava gave and that is not known to be stored, so that the right one is revoked.
    func settle(_ athlete: AthleteID) async throws { try await storeUncommitted(of: athlete) }

    // MARK: Access tokens

    /// The athlete's access token, usually good for another 30 minutes; refreshed first when it is not.
    ///
    /// - Throws: `VaultError`; `DatabaseError` when PostgreSQL can't be reached.
    public func accessToken(for athlete: AthleteID) async throws -> Secret {
        while true {
            if let opened = opened[athlete], clock.now < opened.useUntil { return opened.token }
            let work = underWay[athlete] ?? begin(athlete) { try await self.renew(athlete) }
            if let token = try await work.value { return token }
        }
    }

    /// Whether this token, which `accessToken` gave, may still be used. Needs no query; false also when it was forgotten.
    public func holds(_ token: Secret, for athlete: AthleteID) -> Bool {
        opened[athlete].map { $0.token == token && clock.now < $0.useUntil } ?? false
    }

    /// Records that Strava refused `token` (401): the next `accessToken` refreshes, unless a newer token is stored by then.
    ///
    /// - Throws: `VaultError`, `DatabaseError`.
    public func reject(_ token: Secret, for athlete: AthleteID) async throws {
        while let work = underWay[athlete] { _ = await work.result }
        _ = try await begin(athlete) { try await self.markRefused(token, of: athlete) }.value
    }

    /// Waits for refreshes under way and writes what could not be written before. To be called when the daemon stops.
    public func finish() async {
        for work in underWay.values { _ = await work.result }
        for athlete in uncommitted.keys {
            do { try await storeUncommitted(of: athlete) } catch {
                logger.log(.critical, "a refreshed token could not be stored", error, [.athleteID: athlete])
            }
        }
    }

    /// Starts `body` as the athlete's only work.
    ///
    /// Not a child task: a caller who is cancelled must not cancel the request whose answer has the only valid pair of tokens. It ends with
    /// the HTTP client's time limit, and `finish()` waits for it.
    private func begin(_ athlete: AthleteID, _ body: @escaping () async throws -> Secret?) -> Task<Secret?, any Error> {
        let work = Task {
            defer { underWay[athlete] = nil }
            return try await body()
        }
        underWay[athlete] = work
        return work
    }

    private func renew(_ athlete: AthleteID) async throws -> Secret? {
        try await storeUncommitted(of: athlete)
        let before = forgetCount
        guard let row = try await database.query(VaultQueries.row(of: athlete)).first else {
            throw VaultError(.noToken, athlete: athlete)
        }
        let stored = try TokenRow(row)
        if let reason = stored.deadReason { throw try await requireReconnect(athlete, reason: reason) }
        if clock.now < Self.useUntil(stored) {
            // Another pair was stored meanwhile, perhaps this athlete's: start over.
            return forgetCount == before ? try remember(stored) : nil
        }
        return try await refresh(stored)
    }

    private func markRefused(_ token: Secret, of athlete: AthleteID) async throws -> Secret? {
        opened[athlete] = nil
        try await database.transaction { connection in
            guard let locked = try await connection.query(VaultQueries.lockedRow(of: athlete)).first else { return }
            let row = try TokenRow(locked)
            guard try row.openAccess(keyring) == token else { return }
            _ = try await connection.query(VaultQueries.refuseAccess(athlete, generation: row.generation))
        }
        return nil
    }

    /// Another pair is stored, or none: drops what was opened before, also by work under way.
    private func forget(_ athlete: AthleteID) {
        opened[athlete] = nil
        uncommitted[athlete] = nil
        forgetCount &+= 1
    }

    private func remember(_ row: TokenRow) throws -> Secret {
        let token = try row.openAccess(keyring)
        remember(OpenedToken(token: token, useUntil: Self.useUntil(row)), for: row.athlete)
        return token
    }

    private func remember(_ token: OpenedToken, for athlete: AthleteID) {
        if opened.count >= Self.openedMax { opened.removeAll(keepingCapacity: true) }
        opened[athlete] = token
    }

    /// Until when the access token is handed out; after that, the pair is refreshed.
    private static func useUntil(_ row: TokenRow) -> Date {
        row.isAccessRefused ? .distantPast : useUntil(expiresAt: row.accessExpiresAt, refreshedAt: row.refreshedAt)
    }

    private static func useUntil(expiresAt: Date, refreshedAt: Date?) -> Date {
        let end = expiresAt.addingTimeInterval(-refreshMargin.seconds)
        return refreshedAt.map { max(end, $0.addingTimeInterval(refreshPauseMin.seconds)) } ?? end
    }

    // MARK: Refresh

    private func refresh(_ stored: TokenRow) async throws -> Secret {
        guard await withCheckedContinuation({ refreshSlots.acquire($0) }) else { throw VaultError(.queueFull, athlete: stored.athlete) }
        defer { refreshSlots.release() }
        var row = stored
        for _ in 0..<Self.roundsMax {
            _ = try await database.query(VaultQueries.markAsked(row.athlete, generation: row.generation))
            switch try await refreshInTransaction(row) {
            case .renewed(let token):
                remember(token, for: row.athlete)
                return token.token
            case .current(let newer): return try remember(newer)
            case .overtaken(let newer): row = newer
            case .dead(let reason): throw try await requireReconnect(row.athlete, reason: reason)
            case .failed(let error): throw VaultError(.refreshFailed, athlete: row.athlete, underlying: error)
            case .erased: throw VaultError(.noToken, athlete: row.athlete)
            }
        }
        throw VaultError(.refreshFailed, athlete: row.athlete)
    }

    /// Writes a pair that Strava gave earlier and that is not known to be stored. Writes nothing when a newer pair is stored.
    private func storeUncommitted(of athlete: AthleteID) async throws {
        guard let left = uncommitted[athlete] else { return }
        let replaced = try await database.transaction { try await self.replace(left, of: athlete, on: $0) }
        if replaced.affected > 0 { _ = try await changeState(of: athlete, AthleteTable.reviveIfAlive(athlete, now: clock.now)) }
        uncommitted[athlete] = nil
    }

    /// Sets the athlete's state to `reconnect` because the token is dead, and returns the error to throw. May be repeated.
    ///
    /// It is a transaction of its own, after the token's: whoever connects an athlete locks `sync.athlete` first and the token second, so the
    /// reverse order could deadlock.
    private func requireReconnect(_ athlete: AthleteID, reason: DeadReason) async throws -> VaultError {
        if try await changeState(of: athlete, AthleteTable.requireReconnectIfDead(athlete, reason: reason.sentence, now: clock.now)) {
            logger.log(.warning, "athlete must connect again", [.athleteID: athlete, .reason: reason.rawValue])
        }
        return VaultError(.refreshTokenDead, athlete: athlete)
    }

    private func changeState(of athlete: AthleteID, _ change: SQL) async throws -> Bool {
        try await database.transaction { connection in
            _ = try await connection.query(RowLock.athlete(athlete))
            return try await connection.query(change).affected > 0
        }
    }

    private func refreshInTransaction(_ row: TokenRow) async throws -> RefreshOutcome {
        do {
            let outcome = try await database.transaction { try await self.refreshUnderLock(row, on: $0) }
            uncommitted[row.athlete] = nil
            return outcome
        } catch {
            guard let left = uncommitted[row.athlete] else { throw error }
            logger.log(.error, "a refreshed token is not stored yet", error, [.athleteID: row.athlete])
            try await storeUncommitted(of: row.athlete)
            return .renewed(left.opened)
        }
    }

    private func refreshUnderLock(_ seen: TokenRow, on connection: Connection) async throws -> RefreshOutcome {
        // PostgreSQL ends the session of a process that is frozen while it holds the lock; two calls to Strava take at most 60 s.
        try await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '90s'")
        guard let locked = try await connection.query(VaultQueries.lockedRow(of: seen.athlete)).first else { return .erased }
        let row = try TokenRow(locked)
        if let reason = row.deadReason { return .dead(reason) }
        if clock.now < Self.useUntil(row) { return .current(row) }
        if row.generation != seen.generation { return .overtaken(row) }
        let answer = try await ask(try row.openRefresh(keyring), about: row)
        return try await settle(answer, row, on: connection)
    }

    private func settle(_ answer: RefreshAnswer, _ row: TokenRow, on connection: Connection) async throws -> RefreshOutcome {
        switch answer {
        case .granted(let grant):
            let receivedAt = clock.now
            let useUntil = Self.useUntil(expiresAt: SealedPair.clampedExpiry(grant.expiresAt, at: receivedAt), refreshedAt: receivedAt)
            let opened = OpenedToken(token: grant.accessToken, useUntil: useUntil)
            let pair = UncommittedPair(grant: grant, opened: opened, generation: row.generation, receivedAt: receivedAt)
            uncommitted[row.athlete] = pair
            _ = try await replace(pair, of: row.athlete, on: connection)
            return .renewed(opened)
        case .refused(let answerWasLost):
            let reason: DeadReason = answerWasLost || row.unanswered > 1 ? .refreshAnswerLost : .refreshTokenInvalid
            _ = try await connection.query(
                VaultQueries.markDead(row.athlete, generation: row.generation, reason: reason, at: clock.now))
            return .dead(reason)
        case .failed(let error):
            if !Self.mayHaveRotated(error) {
                _ = try await connection.query(VaultQueries.takeBackAsked(row.athlete, generation: row.generation))
            }
            return .failed(error)
        }
    }

    /// Seals a pair that Strava gave and writes it in place of the one that it replaces. No row is affected when that is there no longer.
    private func replace(_ new: UncommittedPair, of athlete: AthleteID, on connection: Connection) async throws -> Rows {
        let keyID = try await KeyringQueries.holdSealingKey(keyring, on: connection)
        let pair = try SealedPair(new.grant, athlete: athlete, keyring: keyring, keyID: keyID, at: new.receivedAt)
        return try await connection.query(VaultQueries.replace(pair, athlete: athlete, generation: new.generation, at: new.receivedAt))
    }

    /// Asks Strava for a new pair. If the answer is lost, Strava may have replaced the pair already; the old token is tried once more, since
    /// it is the only one we have.
    private func ask(_ refreshToken: Secret, about row: TokenRow) async throws -> RefreshAnswer {
        let first = try await askOnce(refreshToken)
        guard case .failed(let error) = first, Self.answerWasLost(error) else { return first }
        logger.log(.notice, "the answer to a token refresh was lost", [.athleteID: row.athlete, .code: error.code.rawValue])
        let second = try await askOnce(refreshToken)
        if case .refused = second { return .refused(answerWasLost: true) }
        return second
    }

    private func askOnce(_ refreshToken: Secret) async throws -> RefreshAnswer {
        do {
            let grant = try await strava.refresh(refreshToken)
            meters.refreshes.add(1, "renewed")
            return .granted(grant)
        } catch let error as StravaError {
            let isDead = error.code == .refreshTokenDead
            meters.refreshes.add(1, isDead ? "refused" : "failed")
            return isDead ? .refused(answerWasLost: false) : .failed(error)
        }
    }

    /// The request went out and no readable answer came back.
    private static func answerWasLost(_ error: StravaError) -> Bool {
        switch error.code {
        case .network, .cancelled: error.reachedStrava != .no
        case .unreadable: error.status == nil || error.status == 200
        default: false
        }
    }

    /// A server that failed may have replaced the pair before it failed; a proper refusal has not.
    private static func mayHaveRotated(_ error: StravaError) -> Bool {
        answerWasLost(error) || error.code == .serverError || error.code == .maintenance
    }
}

/// What is counted of tokens.
public struct VaultMeters: Sendable {
    public static let definitions = [refreshCount]

    private static let refreshCount = MetricDefinition.counter(
        "fitnessd_token_refreshes_total", "Requests to Strava for new tokens, by outcome: renewed, refused (the grant is dead), failed.",
        .init("outcome", ["renewed", "refused", "failed"]))

    let refreshes = CounterFamily(Self.refreshCount)
}

/// Limits how many refreshes run at once, first come, first served. Part of the vault's state; those that wait are the vault's own tasks.
struct RefreshSlots {
    /// More than athletes ever are in work at once: each waits for its own token.
    static let waitingMax = 1_024

    private var freeCount: Int
    private var waiting: [CheckedContinuation<Bool, Never>] = []

    init(countMax: Int) { freeCount = countMax }

    /// Resumes with true once a slot is taken, with false when too many wait already.
    mutating func acquire(_ continuation: CheckedContinuation<Bool, Never>) {
        if freeCount > 0 {
            freeCount -= 1
            continuation.resume(returning: true)
        } else if waiting.count >= Self.waitingMax {
            continuation.resume(returning: false)
        } else {
            waiting.append(continuation)
        }
    }

    /// Only for work that acquired a slot.
    mutating func release() {
        if waiting.isEmpty { freeCount += 1 } else { waiting.removeFirst().resume(returning: true) }
    }
}
