import Core
import Database
import Foundation
import Logging

/// Owns the write side of bronze: raw answers, ledger, cursor, quarantine and the list of activities to transform commit in one
/// transaction that first checks the lease.
///
/// Batches of several athletes that wait while a transaction runs, and those being prepared when it ends, share the next one. A batch that
/// can't be written fails alone. Callers wait for their receipt, which is the back-pressure.
public actor WarehouseWriter {
    /// Batches in one transaction. More gain nothing (measured: 10 are 1.7 times as fast as 1, 50 are no faster).
    static let groupBatchesMax = 16
    /// Answers in one transaction, unless one batch alone has more: five pages of a list, so that small batches do not wait long.
    static let groupAnswersMax = 1_000
    /// Answer bytes in one transaction, unless one batch alone has more: bounds the memory of a statement's parameters.
    static let groupBytesMax = 8 << 20
    /// How long a group waits for batches that are being prepared: most take less, and a huge one must not delay the others.
    static let gatheringMax: Duration = .milliseconds(50)
    /// How long the callers of one group have to bring their next batches; without it most of these would land apart.
    static let returnWait: Duration = .milliseconds(1)
    /// Attempts at a group that PostgreSQL aborts to resolve a deadlock.
    static let attemptsMax = 3
    /// Batches that may wait: many more than there are turns at once.
    static let waitingMax = 1024

    private struct Waiting {
        let batch: PreparedBatch
        let receipt: CheckedContinuation<CommitReceipt, any Error>
    }

    private let database: Database
    private let silverFeed: SilverFeed?
    private let clock: WallClock
    private let logger: Logger
    private let meters = WarehouseMeters()
    private var waiting: [Waiting] = [] {
        didSet { meters.waiting(waiting.count) }
    }
    /// Batches that are being prepared.
    private var arriving = 0
    /// Batches prepared so far.
    private var arrived = 0
    /// The group that waits for the next of them.
    private var arrival: CheckedContinuation<Void, Never>?
    private var isWriting = false
    private var isGatheringOver = false

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

    /// How many batches wait for their transaction.
    public var waitingCount: Int { waiting.count }

    /// An unstructured task, since a group belongs to several callers and must not be cancelled by one of them; it ends with the queue.
    private func startWriting() {
        if isWriting { return }
        isWriting = true
        // Without the log's context, which is that of one caller only.
        LogContext.$current.withValue(LogContext()) { _ = Task { await self.writeAll() } }
    }

    private func writeAll() async {
        while !waiting.isEmpty {
            await gather()
            if let group = takeGroup() {
                await land(group)
                if group.count > 1 { try? await Task.sleep(for: Self.returnWait) }
            }
        }
        isWriting = false
    }

    /// Waits briefly for the batches that are being prepared, unless the group is full without them: a transaction of two batches costs nearly
    /// as much as one of sixteen.
    private func gather() async {
        let expected = arrived + arriving
        guard expected > arrived else { return }
        isGatheringOver = false
        let limit = Task {
            try await Task.sleep(for: Self.gatheringMax)
            endGathering()
        }
        defer { limit.cancel() }
        while arrived < expected, waiting.count < Self.groupBatchesMax, !isGatheringOver {
            await withCheckedContinuation { arrival = $0 }
        }
    }

    private func endGathering() {
        isGatheringOver = true
        arrival?.resume()
        arrival = nil
    }

    /// The first waiting batches, one per athlete, within the bounds of a group; nil when none waits.
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
            // An athlete's batches land in the order in which they came: after one that stays, the others stay, too.
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

    /// Lands the group in one transaction; if that fails, each batch in its own, so that a bad one fails alone.
    private func land(_ group: [Waiting]) async {
        do {
            finish(group, try await write(group.map(\.batch)))
        } catch  where group.count > 1 {
            logger.log(.warning, "group of batches failed, landing one by one", error, [.count: group.count])
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
        let began = ContinuousClock.now
        let landing = Landing(batches: batches, now: clock.now)
        let outcomes = try await database.transaction { connection in
            let outcomes = try await landing.run(on: connection)
            // Before the commit, so that the runner finds it when it wakes. If the commit fails, the hashes differ.
            for outcome in outcomes { silverFeed?.offer(outcome.landed) }
            return outcomes
        }
        meters.landed(outcomes, in: .now - began)
        return outcomes
    }

    private func finish(_ group: [Waiting], _ outcomes: [LandingOutcome]) {
        for (item, outcome) in zip(group, outcomes) { item.receipt.resume(with: outcome.receipt) }
    }
}
