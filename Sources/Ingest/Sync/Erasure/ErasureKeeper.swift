import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore

/// Finishes what erasures leave: those that a crash or a lock interrupted, tokens that Strava has not revoked yet, receipts that are not filed,
/// and what is in memory of athletes erased by another process. It also asks Strava whether an athlete has revoked the application's access
/// when an event says so.
///
/// It keeps nothing: what is to be done is in PostgreSQL. Any number may work at once.
public actor ErasureKeeper: Service {
    /// Time between two passes.
    private static let interval: Duration = .seconds(5)
    /// Rows of each kind in one pass.
    private static let countMax = 100
    /// The longest wait between two tries, in seconds: for a rebuild of silver, and for Strava.
    private static let finishWaitMax_s: Double = 60
    private static let confirmWaitMax_s: Double = 3_600

    private let eraser: AthleteEraser
    private let outage = Outage("erasures can't be finished, will try again", over: "erasures are finished again")
    private var hasReplayed = false
    /// After a start nobody else is waited for: what this process left before it ended is finished at once.
    private var isFirstPass = true

    public init(eraser: AthleteEraser) { self.eraser = eraser }

    /// Works until graceful shutdown or cancellation.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
    }

    private func work() async {
        while !Task.isCancelled {
            do {
                try await runOnce()
                outage.isOver(eraser.logger)
            } catch {
                if !error.isCancellation { outage.met(error, eraser.logger) }
            }
            do { try await eraser.clock.sleep(for: Self.interval) } catch { break }
        }
    }

    /// One pass.
    ///
    /// - Throws: the first error; what it concerns is done by a later pass.
    public func runOnce() async throws {
        try await replayFiled()
        var failure: (any Error)?
        for part in [confirm, finish, revoke, eraser.fileReceipts, eraser.forgetErased] {
            do { try await part() } catch {
                if error.isCancellation { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        isFirstPass = false
    }

    /// At the start on a restored backup, before any athlete is fetched: what `runOnce` does at first. A failure is left to that.
    public func replayAtStart() async {
        do { try await replayFiled() } catch { outage.met(error, eraser.logger) }
    }

    /// Once after the start: erases again whom a restored backup has brought back, by this installation's own receipts.
    private func replayFiled() async throws {
        if hasReplayed { return }
        var replay = ErasureReplay(eraser: eraser)
        for line in try eraser.filed.split(separator: UInt8(ascii: "\n")) where !replay.add(line) { break }
        let report = try await replay.run()
        hasReplayed = true
        if report.found > 0 {
            eraser.logger.log(.warning, "athletes erased earlier were in the database and are erased again", [.count: report.found])
        }
    }

    /// Athletes who are said to have revoked the application's access: Strava refuses a refresh then.
    private func confirm() async throws {
        for (athlete, _, attempts) in try await requests(isIntent: false) {
            do {
                if try await eraser.vault.isRefused(athlete) {
                    try await eraser.eraseIfRefused(athlete)
                } else {
                    try await eraser.database.query(ErasureTable.withdraw(athlete))
                }
            } catch {
                if error.isCancellation { throw error }
                try await postpone(athlete, attempts, waitMax_s: Self.confirmWaitMax_s)
            }
        }
    }

    /// Erasures whose process has ended, or that found the athlete's rows locked.
    private func finish() async throws {
        for (athlete, erasure, attempts) in try await requests(isIntent: true) {
            guard let erasure else { continue }
            try await postpone(athlete, attempts, waitMax_s: Self.finishWaitMax_s)
            do { try await eraser.finish(athlete, erasure) } catch let error as DatabaseError where error.code == .serialization {
                continue
            }
        }
    }

    private func requests(isIntent: Bool) async throws -> [(AthleteID, UUID?, Int)] {
        let due = isIntent && isFirstPass ? Date.distantFuture : eraser.clock.now
        let rows = try await eraser.database.query(
            """
            SELECT athlete_id, erasure_id, attempts FROM sync.erasure_request
            WHERE next_try_at <= \(due) AND (erasure_id IS NOT NULL) = \(isIntent) ORDER BY next_try_at LIMIT \(Self.countMax)
            """)
        return try rows.map { try $0.decode(AthleteID.self, UUID?.self, Int.self) }
    }

    private func postpone(_ athlete: AthleteID, _ attempts: Int, waitMax_s: Double) async throws {
        let wait_s = min(waitMax_s, 5 * pow(2, Double(min(attempts, 12))))
        try await eraser.database.query(ErasureTable.postpone(athlete, until: eraser.clock.now.addingTimeInterval(wait_s)))
    }

    private func revoke() async throws {
        for (erasure, attempts, isOver) in try await eraser.vault.revocationsDue(countMax: Self.countMax) {
            if isOver {
                try await eraser.settle(erasure, .givenUp)
                eraser.logger.log(.error, "grant of an erased athlete given up, Strava could not be asked for a day", [:])
            } else {
                await eraser.revoke(erasure, attempts: attempts)
            }
        }
    }
}
