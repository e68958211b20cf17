import Core
import Database
import Foundation
import Logging
import SyncStore

/// Makes all of an athlete's silver anew from bronze in one transaction: until it commits readers see the rows of before, then the new
/// ones, never a mixture. No call to Strava is made.
///
/// Landing goes on meanwhile: it writes bronze, and the athlete's work waits on its list until the rebuild has ended. A crash costs the
/// transaction; the request stands in `sync.silver_rebuild` and is taken up again.
struct SilverRebuilder: Sendable {
    let database: Database
    let scripts: SilverScripts
    let health: SilverHealth
    let clock: WallClock
    let logger: Logger

    /// Does what was asked for, one athlete after the other, until nothing is left.
    func drain() async {
        do {
            while true {
                let hasWorked = try await runOnce()
                if let ended = health.succeeded(.rebuilder) {
                    logger.log(.info, "silver rebuild goes on", [.error: ended.reason, .attempt: ended.failures])
                }
                if !hasWorked { return }
                try Task.checkCancellation()
            }
        } catch  where error.isCancellation {
            return
        } catch {
            if health.failed(.rebuilder, reason: "\(error)", now: clock.now) {
                logger.log(.error, "silver rebuild stands still until this is mended", [.error: "\(error)"])
            }
        }
    }

    /// Does the one that was asked for first; false: there is none that nobody else works on.
    func runOnce() async throws -> Bool {
        var passed: [AthleteID] = []
        while let row = try await database.query(SilverRebuildTable.start(except: passed, now: clock.now)).first {
            let (athlete, isDryRun, requestedAt) = try row.decode(AthleteID.self, Bool.self, Date.self)
            let job = RebuildJob(athleteID: athlete, isDryRun: isDryRun, requestedAt: requestedAt)
            if try await run(job) { return true }
            passed.append(athlete)
        }
        return false
    }

    /// False: somebody else works on the athlete.
    private func run(_ job: RebuildJob) async throws -> Bool {
        for _ in 1..<SilverRunner.attemptsMax {
            do { return try await attempt(job) } catch let error as DatabaseError where error.code == .serialization { continue }
        }
        return try await attempt(job)
    }

    private func attempt(_ job: RebuildJob) async throws -> Bool {
        do {
            return try await database.transaction { try await rebuild(job, on: $0) }
        } catch {
            switch SilverFault(error) {
            case .passing: throw error
            case .unclear: if let cause = try await batch.probe(in: database) { throw SilverStopped(underlying: cause) }
            case .row: break
            }
            logger.log(.error, "silver rebuild of an athlete failed", [.athleteID: job.athleteID, .error: "\(error)"])
            let statements = RebuildQueries.finish(job, activities: 0, report: nil, error: "\(error)", now: clock.now)
            _ = try await database.transaction { try await $0.pipeline(statements) }
            return true
        }
    }

    /// Reads answers from bronze only: the feed has those of the newest batches.
    private var batch: SilverBatch { SilverBatch(scripts: scripts, feed: SilverFeed(bytesMax: 0), now: clock.now) }

    private func rebuild(_ job: RebuildJob, on connection: Connection) async throws -> Bool {
        guard try await connection.query(RowLock.tryRebuild(job.athleteID))[0].decode(Bool.self) else { return false }
        try await connection.query(RowLock.silver(of: [job.athleteID]))
        try await connection.execute(RebuildQueries.temporaryTables)
        _ = try await connection.pipeline(SilverQueries.temporaryTables)
        try await connection.execute("SAVEPOINT rebuild")
        _ = try await connection.pipeline(RebuildQueries.remember(job.athleteID) + RebuildQueries.clear(job.athleteID))
        let work = try await work(job.athleteID, on: connection)
        let batch = batch
        var books = SilverBooks()
        for part in work { books += try await remake(part, batch, on: connection) }
        try await batch.sumUp(job.athleteID, on: connection)
        let report = try await connection.query(RebuildQueries.report(job.athleteID))[0].decode(String.self)
        if job.isDryRun { try await connection.execute("ROLLBACK TO SAVEPOINT rebuild") }
        let activities = work.reduce(0) { $0 + $1.count { $0.activityID != 0 } }
        _ = try await connection.pipeline(
            (job.isDryRun ? [] : books.statements(now: clock.now))
                + RebuildQueries.finish(job, activities: activities, report: report, error: nil, now: clock.now))
        return true
    }

    /// The athlete's work in parts that fit into memory.
    private func work(_ athlete: AthleteID, on connection: Connection) async throws -> [[SilverWork]] {
        var parts: [[SilverWork]] = []
        var bytes: Int64 = 0
        for row in try await connection.query(RebuildQueries.work(athlete)) {
            let (activity, size) = try row.decode(Int64.self, Int64.self)
            bytes += size
            if parts.isEmpty || parts[parts.count - 1].count == SilverRunner.batchMax || bytes > SilverBatch.bytesMax {
                parts.append([])
                bytes = size
            }
            parts[parts.count - 1].append(SilverWork(athleteID: athlete, activityID: activity, rows: []))
        }
        return parts
    }

    /// What the transform fails on keeps its rows of before and is set aside; the rest goes on. When everything fails, the rebuild ends.
    private func remake(_ work: [SilverWork], _ batch: SilverBatch, on connection: Connection) async throws -> SilverBooks {
        try await connection.execute("SAVEPOINT part")
        do {
            let books = try await batch.remake(work, on: connection)
            try await connection.execute("RELEASE SAVEPOINT part")
            return books
        } catch {
            let fault = SilverFault(error)
            if case .passing = fault { throw error }
            try await connection.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            if work.count > 1 {
                var books = SilverBooks()
                for piece in work { books += try await remake([piece], batch, on: connection) }
                return books
            }
            if case .unclear = fault, let cause = try await batch.probe(nil, on: connection) { throw SilverStopped(underlying: cause) }
            return SilverBooks(failed: work[0], detail: "\(error)")
        }
    }
}
