import Core
import Database
import Foundation
import Logging

/// Owns the write side of bronze: raw answers, ledger, cursor, quarantine and the list of activities to transform commit in one
/// transaction that first checks the lease.
///
/// Batches of several athletes that wait while a transaction runs, and those that are being made ready when it ends, share the next one. A
/// batch that can't be written fails alone. Callers wait for their receipt, which is the back-pressure.
public actor WarehouseWriter {
    /// Batches in one transaction: more gives nothing (measured: 10 are 1.7 times as fast as 1, 50 are not faster).
    static let groupBatchesMax = 16
    /// Answers in one transaction, unless one batch alone has more: five pages of a list, so that what is small does not wait long for them.
    static let groupAnswersMax = 1_000
    /// Answer bytes in one transaction, unless one batch alone has more: bounds the memory of a statement's parameters.
    static let groupBytesMax = 8 << 20
    /// How long a group waits for batches that are being made ready: most take less, and a huge one must not hold up the others.
    static let companyMax: Duration = .milliseconds(50)
    /// How long callers who were served together have to come back with their next batches: else most of them would land apart from then on.
    static let returnTime: Duration = .milliseconds(1)
    /// Tries of a group that PostgreSQL sacrificed to resolve a deadlock.
    static let attemptsMax = 3
    /// Batches that may wait: many more than there are athletes in work at once.
    static let waitingMax = 1024

    private struct Waiting {
        let batch: PreparedBatch
        let receipt: CheckedContinuation<CommitReceipt, any Error>
    }

    private let database: Database
    private let silverFeed: SilverFeed?
    private let clock: WallClock
    private let logger: Logger
    private var waiting: [Waiting] = []
    /// Batches that are being made ready.
    private var arriving = 0
    /// Batches that were made ready, ever.
    private var arrived = 0
    /// The write that waits for the next of them.
    private var arrival: CheckedContinuation<Void, Never>?
    private var isWriting = false
    private var isCompanyOver = false

    public init(database: Database, silverFeed: SilverFeed?, clock: WallClock, logger: Logger) {
        self.database = database
        self.silverFeed = silverFeed
        self.clock = clock
        self.logger = logger
    }

    /// Commits the batch as a whole.
    ///
    /// A batch handed over is written even when the caller is cancelled while it waits.
    /// - Throws: `WarehouseError` (`leaseLost`, `overloaded`) or `DatabaseError`; then nothing of the batch was written, except
    ///   that the outcome is unknown when the connection broke during COMMIT. Landing the same batch again is always safe.
    public func commit(_ batch: BronzeBatch) async throws -> CommitReceipt {
        guard waiting.count + arriving < Self.waitingMax else {
            throw WarehouseError(.overloaded, "\(Self.waitingMax) batches wait to be written")
        }
        arriving += 1
        let prepared = await PreparedBatch.prepare(batch)
        arriving -= 1
        return try await withCheckedThrowingContinuation { receipt in
            waiting.append(Waiting(batch: prepared, receipt: receipt))
            arrived += 1
            arrival?.resume()
            arrival = nil
            startWriting()
        }
    }

    /// Batches that wait for their transaction at this moment.
    public var waitingCount: Int { waiting.count }

    /// An unstructured task, since a group belongs to several callers and must not be cancelled by one of them; it ends with the queue.
    private func startWriting() {
        if isWriting { return }
        isWriting = true
        Task {
            while !waiting.isEmpty {
                await company()
                if let group = takeGroup() {
                    await land(group)
                    if group.count > 1 { try? await Task.sleep(for: Self.returnTime) }
                }
            }
            isWriting = false
        }
    }

    /// Waits a little for the batches that are being made ready at this moment, unless there is a full group without them: a transaction of two
    /// costs nearly as much as one of sixteen.
    private func company() async {
        let expected = arrived + arriving
        guard expected > arrived else { return }
        isCompanyOver = false
        let limit = Task {
            try await Task.sleep(for: Self.companyMax)
            endCompany()
        }
        defer { limit.cancel() }
        while arrived < expected, waiting.count < Self.groupBatchesMax, !isCompanyOver {
            await withCheckedContinuation { arrival = $0 }
        }
    }

    private func endCompany() {
        isCompanyOver = true
        arrival?.resume()
        arrival = nil
    }

    /// The first that wait, one batch an athlete, within the group's bounds; nil when nobody waits.
    private func takeGroup() -> [Waiting]? {
        if waiting.isEmpty { return nil }
        var group: [Waiting] = []
        var rest: [Waiting] = []
        var athletes: Set<AthleteID> = []
        var (answers, bytes) = (0, 0)
        for item in waiting {
            let fits =
                group.isEmpty
                || (group.count < Self.groupBatchesMax && answers + item.batch.answers.count <= Self.groupAnswersMax
                    && bytes + item.batch.bytes <= Self.groupBytesMax)
            // An athlete's batches land in the order they came: after one that stays behind, the others stay too.
            if athletes.insert(item.batch.athleteID).inserted, fits {
                group.append(item)
                answers += item.batch.answers.count
                bytes += item.batch.bytes
            } else {
                rest.append(item)
            }
        }
        waiting = rest
        return group
    }

    /// Lands the group in one transaction; when that fails, each batch in one of its own, so that a bad one fails alone.
    private func land(_ group: [Waiting]) async {
        do {
            finish(group, try await write(group.map(\.batch)))
        } catch  where group.count > 1 {
            logger.log(.warning, "group of batches failed, landing one by one", [.count: group.count, .error: "\(error)"])
            for item in group { await land([item]) }
        } catch {
            for item in group { item.receipt.resume(throwing: error) }
        }
    }

    private func write(_ batches: [PreparedBatch]) async throws -> [LandingOutcome] {
        for _ in 1..<Self.attemptsMax {
            do { return try await attempt(batches) } catch let error as DatabaseError where error.code == .serialization { continue }
        }
        return try await attempt(batches)
    }

    private func attempt(_ batches: [PreparedBatch]) async throws -> [LandingOutcome] {
        let landing = Landing(batches: batches, now: clock.now)
        return try await database.transaction { connection in
            let outcomes = try await landing.run(on: connection)
            // Before the commit, so that it is there when the runner wakes. Should the commit fail, the hashes tell.
            for outcome in outcomes { silverFeed?.offer(outcome.landed) }
            return outcomes
        }
    }

    private func finish(_ group: [Waiting], _ outcomes: [LandingOutcome]) {
        for (item, outcome) in zip(group, outcomes) { item.receipt.resume(with: outcome.receipt) }
    }
}
