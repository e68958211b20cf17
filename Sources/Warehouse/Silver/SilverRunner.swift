import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore
import Synchronization

/// Makes silver from bronze for the activities on the work list, and for those only.
///
/// Repeatable: the same answers make the same rows, and answers that are in silver already are not touched. An activity that can't be
/// transformed is quarantined with the reason and never delays the rest. When all work fails, nothing is quarantined: the runner stops with
/// one line in the log and resumes by itself. Any number of runners may work at once.
public struct SilverRunner: Service {
    /// Activities in one transaction: enough to share the cost of planning and committing, few enough to keep it short.
    static let batchMax = 32
    /// The same when all of it may wait, as estimates of thresholds.
    static let waitingBatchMax = 8
    /// How long work waits if its notification is lost with the connection.
    static let pollInterval: Duration = .seconds(30)

    /// Attempts at a batch that PostgreSQL aborts to resolve a deadlock.
    static let attemptsMax = 3

    private let database: Database
    private let scripts: Result<SilverScripts, any Error>
    private let feed: SilverFeed
    private let clock: WallClock
    private let logger: Logger
    private let lastGood = LastGoodWork()
    private let meters = WarehouseMeters()

    /// For `status` and metrics.
    public let health = SilverHealth()

    /// - Parameter shareDirectory: the folder that holds `sql/silver`; it is read once, here.
    public init(database: Database, shareDirectory: URL, feed: SilverFeed, clock: WallClock, logger: Logger) {
        self.database = database
        self.scripts = Result { try SilverScripts(shareDirectory: shareDirectory) }
        self.feed = feed
        self.clock = clock
        self.logger = logger
    }

    /// Works until graceful shutdown or cancellation. Throws only when the SQL files can't be read.
    public func run() async throws {
        let rebuilder = try rebuilder()
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (rebuildWakes, rebuildWake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (backlogWakes, backlogWake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        @Sendable func wakeAll() {
            wake.yield()
            rebuildWake.yield()
        }
        wakeAll()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    for await _ in database.notifications(on: "silver") { wakeAll() }
                }
                group.addTask {
                    while (try? await clock.sleep(for: Self.pollInterval)) != nil { wakeAll() }
                }
                group.addTask {
                    for await _ in rebuildWakes { await untilMended(.rebuilder) { await rebuilder.drain() } }
                }
                // A second worker, for when the first leaves work undone: one alone makes larger batches.
                group.addTask {
                    for await _ in backlogWakes where health.wait(.runner) == nil { await drain() }
                }
                await enqueueOutdated()
                for await _ in wakes {
                    await untilMended(.runner) { await drain { if Self.isFull($0) { backlogWake.yield() } } }
                }
                group.cancelAll()
            }
        }
    }

    /// Does one batch; returns how many activities (and athletes) it removed from the work list, 0 when there was none.
    ///
    /// - Throws: `DatabaseError` when the database can't be reached, `SilverStopped` when all work would fail; the work stays on the list.
    @discardableResult
    public func runOnce() async throws -> Int { try await runOnce { _ in } }

    private static func isFull(_ claimed: SilverBatch.Claimed) -> Bool {
        claimed.rowCount == (claimed.mayWait ? waitingBatchMax : batchMax)
    }

    private func runOnce(claimed: @Sendable (SilverBatch.Claimed) -> Void) async throws -> Int {
        do {
            return try await transform(SilverQueries.claim(max: Self.batchMax, ofWaiting: Self.waitingBatchMax), claimed: claimed)
        } catch let failure as TransformFailure {
            return try await isolate(failure)
        }
    }

    /// Does one rebuild that was requested through `RebuildDesk`; false when there is none.
    ///
    /// - Throws: `DatabaseError` when the database can't be reached; the request stands.
    @discardableResult
    public func rebuildOnce() async throws -> Bool { try await rebuilder().runOnce() }

    private func rebuilder() throws -> SilverRebuilder {
        SilverRebuilder(database: database, scripts: try scripts.get(), health: health, clock: clock, logger: logger)
    }

    private func transform(_ claim: SQL, claimed: @Sendable (SilverBatch.Claimed) -> Void = { _ in }) async throws -> Int {
        let batch = SilverBatch(scripts: try scripts.get(), feed: feed, now: clock.now)
        let began = ContinuousClock.now
        let done = try await database.transaction { try await batch.run(claim, on: $0, claimed: claimed) }
        meters.made(done.work, in: .now - began)
        for lag in done.lags { meters.appeared(lag) }
        if let work = done.work.last { lastGood.work = work }
        return done.work.count
    }

    /// Finds the cause: does each piece of work alone, and quarantines the one that fails alone, unless all work fails.
    private func isolate(_ failure: TransformFailure) async throws -> Int {
        let fault = SilverFault(failure.underlying)
        if case .passing = fault { throw failure.underlying }
        if failure.work.count == 1 {
            if case .unclear = fault, let cause = try await probe(except: failure.work[0]) { throw SilverStopped(underlying: cause) }
            return try await quarantine(failure.work[0], failure.underlying)
        }
        var count = 0
        for work in failure.work {
            do {
                count += try await transform(SilverQueries.claim(work))
            } catch let failure as TransformFailure {
                count += try await isolate(failure)
            }
        }
        return count
    }

    /// The error that other work meets, too, if any; its own writes are rolled back.
    private func probe(except work: SilverWork) async throws -> (any Error)? {
        let probing = SilverBatch(scripts: try scripts.get(), feed: SilverFeed(bytesMax: 0), now: clock.now)
        let last = lastGood.work
        return try await probing.probe(in: database) { connection in
            try await connection.query(SilverQueries.knownGood(last, except: work)).first.map { row in
                let (athlete, activity) = try row.decode(AthleteID.self, Int64.self)
                return SilverWork(athleteID: athlete, activityID: activity, rows: [])
            }
        }
    }

    private func quarantine(_ work: SilverWork, _ error: any Error) async throws -> Int {
        logger.log(
            .warning, "activity quarantined, its transform fails", error, [.athleteID: work.athleteID, .activityID: work.activityID])
        let books = SilverBooks(failed: work, detail: "\(error)").statements(now: clock.now)
        let statements = [RowLock.silver(of: [work.athleteID])] + books
        _ = try await database.transaction { try await $0.pipeline(statements) }
        meters.quarantined()
        return 1
    }

    /// Works until nothing is left. After a deadlock it tries again; another error opens an incident.
    private func drain(claimed: @Sendable (SilverBatch.Claimed) -> Void = { _ in }) async {
        for attempt in 1...Self.attemptsMax {
            do {
                while true {
                    let count = try await runOnce(claimed: claimed)
                    if let ended = health.succeeded(.runner) {
                        logger.log(.info, "silver works again", [.error: ended.reason, .attempt: ended.failures])
                    }
                    if count == 0 { return }
                    try Task.checkCancellation()
                }
            } catch  where error.isCancellation {
                return
            } catch let error as DatabaseError where error.code == .serialization && attempt < Self.attemptsMax {
                logger.log(.debug, "silver run met a deadlock", [.attempt: attempt])
            } catch {
                if health.failed(.runner, reason: "\(error)", now: clock.now) {
                    logger.log(.error, "silver has stopped until this is fixed; nothing is lost", error)
                }
                return
            }
        }
    }

    /// Works; while an incident is open it waits and tries again.
    private func untilMended(_ part: SilverHealth.Maker, _ work: () async -> Void) async {
        await work()
        while !Task.isCancelled, let wait = health.wait(part) {
            guard (try? await clock.sleep(for: wait)) != nil else { return }
            await work()
        }
    }

    private func enqueueOutdated() async {
        do {
            let rows = try await database.query(TransformWorkTable.addOutdated(version: TransformVersion.current))
            if rows.affected > 0 { logger.log(.info, "silver rows of an older version will be made anew", [.rows: rows.affected]) }
        } catch {
            if error.isCancellation { return }
            logger.log(.error, "silver rows of an older version could not be found", error)
        }
    }
}

/// The last work that succeeded, which a probe does again.
private final class LastGoodWork: Sendable {
    private let value = Mutex<SilverWork?>(nil)

    var work: SilverWork? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
