import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore

/// Removes copies whose time is over, a batch at a time, and writes in the ledger that it did. It finds them by their age in an index, so a
/// pass costs what it removes. Any number of them may work at once; what one was in the middle of, the next pass finds again.
public struct RetentionKeeper: Service {
    /// Time between two passes: small against the shortest time that a policy names, a day.
    static let interval: Duration = .seconds(600)
    /// Between two batches it rests this many times as long as the batch took, so that live work is hardly slowed.
    static let restShare = 4

    private let database: Database
    private let policy: RetentionPolicy
    private let clock: WallClock
    private let logger: Logger

    public init(database: Database, policy: RetentionPolicy, clock: WallClock, logger: Logger) {
        self.database = database
        self.policy = policy
        self.clock = clock
        self.logger = logger
    }

    /// Works until graceful shutdown or cancellation.
    public func run() async throws {
        let outage = Outage("retention failed, will try again", over: "retention works again")
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await runOnce()
                    outage.isOver(logger)
                } catch {
                    if !error.isCancellation { outage.met(error, logger) }
                }
                do { try await clock.sleep(for: Self.interval) } catch { break }
            }
        }
    }

    /// One pass: removes all whose time is over now.
    ///
    /// - Throws: `DatabaseError`; batches that were done stay done.
    @discardableResult
    public func runOnce() async throws -> RetentionReport {
        let startedAt = clock.now
        var report = RetentionReport()
        for step in RetentionQueries(policy: policy, now: startedAt).steps {
            while case let removed = try await batch(step), !removed.isEmpty { report += removed }
        }
        if !report.isEmpty { try await note(report, startedAt: startedAt) }
        return report
    }

    private func batch(_ step: RetentionStep) async throws -> RetentionReport {
        let start = ContinuousClock.now
        let removed = try await database.transaction { try await step($0) }
        if !removed.isEmpty { try await Task.sleep(for: (ContinuousClock.now - start) * Self.restShare) }
        return removed
    }

    private func note(_ report: RetentionReport, startedAt: Date) async throws {
        logger.log(.info, "copies removed, their time is over", [.count: report.answers + report.versions])
        try await database.query(
            RunTable.addRetention(
                startedAt: startedAt, finishedAt: clock.now, apiCutoff: policy.apiCutoff(now: startedAt), activities: report.activities,
                answers: report.answers, versions: report.versions))
    }
}
