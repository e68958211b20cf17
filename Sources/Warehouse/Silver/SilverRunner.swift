import Core
import Database
import Foundation
import Logging
import ServiceLifecycle

/// Makes silver from bronze for the activities on the work list, and for those only.
///
/// Repeatable: the same answers make the same rows, and answers that silver has already are not touched. What can't be transformed is
/// set aside with its reason, and never holds up the rest. Any number of runners may work at once.
public struct SilverRunner: Service {
    /// Activities in one transaction: enough to share the cost of planning and committing, few enough to be done in a moment.
    static let batchMax = 32
    /// A notification may be lost with its connection; this is how long its work then waits.
    static let pollInterval: Duration = .seconds(30)

    /// Tries of a batch that PostgreSQL sacrificed to resolve a deadlock.
    static let attemptsMax = 3

    private let database: Database
    private let scripts: Result<SilverScripts, any Error>
    private let feed: SilverFeed
    private let clock: WallClock
    private let logger: Logger

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
                    for await _ in rebuildWakes { await rebuilder.drain() }
                }
                // One is enough, and makes larger batches, until it leaves something undone.
                group.addTask {
                    for await _ in backlogWakes { await drain() }
                }
                await enqueueOutdated()
                for await _ in wakes {
                    await drain { count in if count == Self.batchMax { backlogWake.yield() } }
                }
                group.cancelAll()
            }
        }
    }

    /// Does one batch; answers how many activities (and athletes) it took off the work list, 0 when there was nothing to do.
    ///
    /// - Throws: `DatabaseError` when the database can't be reached; the work stays on the list.
    @discardableResult
    public func runOnce() async throws -> Int { try await runOnce { _ in } }

    private func runOnce(claimed: @Sendable (Int) -> Void) async throws -> Int {
        do {
            return try await transform(SilverQueries.claim(max: Self.batchMax), claimed: claimed)
        } catch let failure as TransformFailure where Self.isPoison(failure.underlying) {
            return try await isolate(failure)
        } catch let failure as TransformFailure {
            throw failure.underlying
        }
    }

    /// Makes one athlete's silver anew that was asked for through `RebuildDesk`; false: nothing was asked for.
    ///
    /// - Throws: `DatabaseError` when the database can't be reached; the request stands.
    @discardableResult
    public func rebuildOnce() async throws -> Bool { try await rebuilder().runOnce() }

    private func rebuilder() throws -> SilverRebuilder {
        SilverRebuilder(database: database, scripts: try scripts.get(), clock: clock, logger: logger)
    }

    private func transform(_ claim: SQL, claimed: @Sendable (Int) -> Void = { _ in }) async throws -> Int {
        let batch = SilverBatch(scripts: try scripts.get(), feed: feed, now: clock.now)
        return try await database.transaction { try await batch.run(claim, on: $0, claimed: claimed) }
    }

    /// An error that the same work will meet again, unlike a broken connection or a deadlock.
    static func isPoison(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return error is WarehouseError }
        return [.statement, .constraint, .decoding].contains(error.code)
    }

    /// Finds the work to blame: each piece alone, and the one that fails alone is set aside.
    private func isolate(_ failure: TransformFailure) async throws -> Int {
        if failure.work.count == 1 { return try await setAside(failure.work[0], failure.underlying) }
        var count = 0
        for work in failure.work {
            do {
                count += try await transform(SilverQueries.claim(work))
            } catch let failure as TransformFailure where Self.isPoison(failure.underlying) {
                count += try await isolate(failure)
            } catch let failure as TransformFailure {
                throw failure.underlying
            }
        }
        return count
    }

    private func setAside(_ work: SilverWork, _ error: any Error) async throws -> Int {
        logger.log(
            .warning, "activity quarantined, its transform fails",
            [.athleteID: work.athleteID, .activityID: work.activityID, .error: "\(error)"])
        let statements = SilverQueries.setAside(work, detail: "\(error)", now: clock.now)
        _ = try await database.transaction { try await $0.pipeline(statements) }
        return 1
    }

    /// Works until nothing is left. After an error that may pass at once (a deadlock) it goes on, after others at the next wake or poll.
    private func drain(claimed: @Sendable (Int) -> Void = { _ in }) async {
        for attempt in 1...Self.attemptsMax {
            do {
                while try await runOnce(claimed: claimed) > 0 { try Task.checkCancellation() }
                return
            } catch where error.isCancellation {
                return
            } catch let error as DatabaseError where error.code == .serialization && attempt < Self.attemptsMax {
                logger.log(.debug, "silver run met a deadlock", [.attempt: attempt])
            } catch {
                logger.log(.error, "silver run failed, will try again", [.error: "\(error)"])
                return
            }
        }
    }

    private func enqueueOutdated() async {
        do {
            let rows = try await database.query(SilverQueries.enqueueOutdated)
            if rows.affected > 0 { logger.log(.info, "silver rows of an older version will be made anew", [.rows: rows.affected]) }
        } catch {
            if error.isCancellation { return }
            logger.log(.error, "silver rows of an older version could not be found", [.error: "\(error)"])
        }
    }
}
