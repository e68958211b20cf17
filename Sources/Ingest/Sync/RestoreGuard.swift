import Core
import Database
import Foundation
import Governor
import Logging
import ServiceLifecycle
import StravaAPI
import SyncStore
import Synchronization
import Vault

/// Keeps a database that was restored from a backup from spending more of Strava's quota than there is: the restored ledger lacks the calls that
/// were made after the backup.
///
/// The database's identity (cluster, database, timeline of recovery) is kept in it. Another identity at a start means that the rows were restored
/// or moved. Then no call is made in that quarter hour, by any instance, so that whatever was in flight has been counted; and until a header has
/// shown what is spent of the day, one call at a time goes, and only one whose answer has such a header. This service makes one itself.
///
/// A rollback of the whole disk leaves the identity as it was and is not noticed (docs/backup.md).
public final class RestoreGuard: Service {
    /// Time between two tries, and athletes in one.
    private static let retry = Duration.seconds(30)
    private static let athletesMax = 5

    private let database: Database
    private let strava: StravaClient
    private let governor: RateLimitGovernor
    private let vault: TokenVault
    private let notices: Notices
    private let clock: WallClock
    private let logger: Logger
    /// A restore was noticed at this start, and what was spent since is not known. Each instance learns for itself, since the ledger hears of it a moment later.
    private let isPending = Atomic<Bool>(false)

    public init(
        database: Database, strava: StravaClient, governor: RateLimitGovernor, vault: TokenVault, notices: Notices, clock: WallClock,
        logger: Logger
    ) {
        self.database = database
        self.strava = strava
        self.governor = governor
        self.vault = vault
        self.notices = notices
        self.clock = clock
        self.logger = logger
    }

    // MARK: At the start

    /// Whether calls wait because of a restore.
    public var isWaiting: Bool { isPending.load(ordering: .relaxed) }

    /// Notices a restore, before the governor reads the ledger.
    public func notice() async throws {
        let now = clock.now
        let identity = try await identity()
        let noticedAt = try await database.transaction { connection -> Date? in
            let kept = try await connection.query(SettingTable.keepIdentity(identity, now: now)).first?.decode(String.self)
            if kept != identity {
                try await connection.query(SettingTable.noteRestore(identity: identity, now: now))
                try await connection.query(QuotaTable.close(quarterAt: Self.quarter(of: now).start))
            }
            return try await connection.query(SettingTable.restoredAt).first?.decode(Date.self)
        }
        guard let noticedAt else { return }
        isPending.store(true, ordering: .relaxed)
        let end = Self.quarter(of: noticedAt).end
        await governor.awaitUsage()
        notices.post(.databaseRestored, Self.sentence(until: end))
        logger.log(.warning, "the database was restored or moved, calls wait for the next quarter hour and one answer", [.until: end])
    }

    private static func sentence(until end: Date) -> String {
        let time = end.formatted(Date.ISO8601FormatStyle()).dropFirst(11).prefix(5)
        return """
            The database was restored from a backup or moved: no call is made before \(time) UTC, then one call learns what was spent of Strava's \
            quota since
            """
    }

    private static func quarter(of date: Date) -> (start: Date, end: Date) {
        let window = QuotaWindow(.quarter, containing: date.timeIntervalSince1970)
        return (window.startsAt, window.endsAt)
    }

    private func identity() async throws -> String {
        let rows = try await database.query(
            """
            SELECT format('%s/%s/%s', (SELECT system_identifier FROM pg_control_system()), oid,
                (SELECT timeline_id FROM pg_control_checkpoint()))
            FROM pg_database WHERE datname = current_database()
            """)
        guard let row = rows.first else { throw DatabaseError(.decoding, "the database has no identity") }
        return try row.decode(String.self)
    }

    // MARK: Service

    /// Makes the call that shows what is spent, after a restore; then waits for the stop, since a service that returns ends all.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.learn() }
        try? await gracefulShutdown()
    }

    private func learn() async {
        while isWaiting {
            do { if try await isKnown() { return } } catch {
                if !error.isCancellation { logger.log(.debug, "usage not learned yet", error) }
            }
            do { try await clock.sleep(for: Self.retry) } catch { return }
        }
    }

    private func isKnown() async throws -> Bool {
        let rows = try await database.query(
            "SELECT athlete_id FROM sync.athlete WHERE state = 'active' ORDER BY athlete_id LIMIT \(Self.athletesMax)")
        for row in rows {
            let athlete = try row.decode(AthleteID.self)
            guard try await showsUsage(athlete) else { continue }
            try await database.query(SettingTable.forgetRestore)
            isPending.store(false, ordering: .relaxed)
            notices.withdraw(.databaseRestored)
            logger.log(.notice, "what was spent of the quota since the backup is known", [:])
            return true
        }
        return false
    }

    /// Reads the athlete's profile and drops it: what counts are the answer's headers.
    private func showsUsage(_ athlete: AthleteID) async throws -> Bool {
        let token: Secret
        do { token = try await vault.accessToken(for: athlete) } catch is VaultError { return false }
        let permit = try await governor.acquire(.connect, athlete: athlete)
        do {
            let answer = try await strava.get(.athlete, token: token)
            await governor.settle(permit, CallOutcome(answer))
            return answer.rateLimit?.overall?.dayUsage != nil
        } catch let error as StravaError {
            await governor.settle(permit, CallOutcome(error))
            return error.rateLimit?.overall?.dayUsage != nil
        } catch {
            await governor.settle(permit, .unknown)
            throw error
        }
    }
}
