import Core
import Database
import Foundation
import Logging
import StravaAPI

/// Owns the athletes' sealed tokens and the keyring: the one place where a token becomes readable.
///
/// Invariants: a refresh is under way at most once per athlete in all processes on one database; a new pair is committed before its
/// access token is handed out; a token is in no log, error or report.
public actor TokenVault {
    /// An access token is refreshed when it has this much left or less.
    ///
    /// Strava gives a new one only when the old has an hour or less left, and takes it until its last second. Half of that hour keeps the
    /// same distance from both edges: our clock may be 30 minutes fast (Strava still gives a new token) or 30 minutes slow (the old one
    /// still works), and no request in flight outlives its token.
    public static let refreshMargin = Duration.seconds(1800)
    /// However soon a token that Strava just gave seems to expire (our clock is far off), it is used for this long before the next refresh.
    static let refreshPauseMin = Duration.seconds(60)
    /// A refresh holds a connection while Strava answers.
    static let refreshesMax = ConnectionShares.refreshes
    /// Opened access tokens kept in memory, about 200 bytes each; far more than athletes are in work at once.
    static let openedMax = 4096

    let database: Database
    let keyring: Keyring
    let strava: StravaClient
    let clock: WallClock
    let logger: Logger

    /// What is being done for an athlete right now. Its answer is nil when that was not a question for a token.
    private var underWay: [AthleteID: Task<Secret?, any Error>] = [:]
    private var opened: [AthleteID: OpenedToken] = [:]
    /// Pairs that Strava gave and PostgreSQL has not yet confirmed. They are the only copy: they are written before anything else.
    var uncommitted: [AthleteID: UncommittedPair] = [:]
    var turns = Turnstile(countMax: TokenVault.refreshesMax)

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

    /// Seals and stores a pair inside the caller's transaction, replacing an older one. The athlete's row in `sync.athlete` must exist.
    ///
    /// - Throws: `VaultError` when the pair can't be sealed, `DatabaseError`.
    public func store(_ grant: TokenGrant, for athlete: AthleteID, on connection: Connection) async throws {
        let now = clock.now
        let pair = try SealedPair(grant, athlete: athlete, keyring: keyring, at: now)
        _ = try await connection.query(VaultQueries.store(pair, athlete: athlete, at: now))
        opened[athlete] = nil
        uncommitted[athlete] = nil
    }

    /// The athlete's access token, good for another 30 minutes as a rule; refreshed first when it is not.
    ///
    /// - Throws: `VaultError`; `DatabaseError` when PostgreSQL can't be reached.
    public func accessToken(for athlete: AthleteID) async throws -> Secret {
        while true {
            if let opened = opened[athlete], clock.now < opened.useUntil { return opened.token }
            let work = underWay[athlete] ?? begin(athlete) { try await self.renew(athlete) }
            if let token = try await work.value { return token }
        }
    }

    /// Says that Strava refused `token` (401): the next `accessToken` refreshes, unless a newer token is stored by then.
    ///
    /// - Throws: `VaultError`, `DatabaseError`.
    public func reject(_ token: Secret, for athlete: AthleteID) async throws {
        while let work = underWay[athlete] { _ = await work.result }
        _ = try await begin(athlete) { try await self.refuse(token, for: athlete) }.value
    }

    /// Deletes the athlete's tokens inside the caller's transaction.
    public func erase(_ athlete: AthleteID, on connection: Connection) async throws {
        _ = try await connection.query(VaultQueries.erase(athlete))
        opened[athlete] = nil
        uncommitted[athlete] = nil
    }

    /// Waits for refreshes under way and writes what could not be written before. To be called when the daemon stops.
    public func finish() async {
        for work in underWay.values { _ = await work.result }
        for athlete in uncommitted.keys {
            do { try await commitLeftover(of: athlete) } catch {
                logger.log(.critical, "a refreshed token could not be stored", [.athleteID: athlete, .error: "\(error)"])
            }
        }
    }

    // MARK: One at a time per athlete

    /// Starts `body` as the athlete's only work.
    ///
    /// It is a task of its own and not a child of the caller's: a caller who is cancelled must not take the answer with the only valid pair
    /// of tokens along. It ends with the HTTP client's time limit, and `finish()` waits for it.
    private func begin(_ athlete: AthleteID, _ body: @escaping () async throws -> Secret?) -> Task<Secret?, any Error> {
        let work = Task {
            defer { underWay[athlete] = nil }
            return try await body()
        }
        underWay[athlete] = work
        return work
    }

    private func renew(_ athlete: AthleteID) async throws -> Secret {
        try await commitLeftover(of: athlete)
        guard let row = try await database.query(VaultQueries.row(of: athlete)).first else {
            throw VaultError(.noToken, athlete: athlete)
        }
        let stored = try TokenRow(row)
        if let reason = stored.deadReason { throw try await announceDeath(of: athlete, reason: reason) }
        if clock.now < stored.useUntil { return try remember(stored) }
        return try await refresh(stored)
    }

    private func refuse(_ token: Secret, for athlete: AthleteID) async throws -> Secret? {
        opened[athlete] = nil
        try await database.transaction { connection in
            guard let row = try await connection.query(VaultQueries.lockedRow(of: athlete)).first else { return }
            guard try TokenRow(row).openAccess(keyring) == token else { return }
            _ = try await connection.query(VaultQueries.refuseAccess(athlete))
        }
        return nil
    }

    // MARK: Opened tokens

    func remember(_ row: TokenRow) throws -> Secret {
        let token = try row.openAccess(keyring)
        remember(OpenedToken(token: token, useUntil: row.useUntil), for: row.athlete)
        return token
    }

    func remember(_ token: OpenedToken, for athlete: AthleteID) {
        if opened.count >= Self.openedMax { opened.removeAll(keepingCapacity: true) }
        opened[athlete] = token
    }

    static func useUntil(expiresAt: Date, refreshedAt: Date?) -> Date {
        let end = expiresAt.addingTimeInterval(-refreshMargin.seconds)
        return refreshedAt.map { max(end, $0.addingTimeInterval(refreshPauseMin.seconds)) } ?? end
    }
}
