import Core
import Database
import Foundation
import Logging

/// Owns the application's quota at Strava. Decides with `RateBudget`; this actor holds those who wait, asks the ledger in
/// PostgreSQL for budget, and sleeps until the instant that a decision names.
///
/// One task of its own, started by `start()` and ended by `shutdown()`, is the only one that talks to the ledger.
public actor RateLimitGovernor {
    /// More callers than this do not wait, they are told so: far more than athletes in work times calls each makes at once.
    public static let waitersMax = 100_000
    /// Without a deadline the loop looks again this often, which also finds calls that nobody settled.
    static let heartbeat_s = 60.0
    static let ledgerRetry_s = 1.0

    enum Life { case new, running, stopped }

    let clock: WallClock
    let logger: Logger
    let ledger: QuotaLedger
    private let started = ContinuousClock.now
    var budget: RateBudget
    var waiting: [UInt64: CheckedContinuation<Permit, any Error>] = [:]
    var life = Life.new
    /// No call is permitted any more, though those in flight are still settled.
    private var isStopping = false
    var wantsLease: Int?
    var waitingFor: (until: Date, reason: WaitReason)?
    private var loop: Task<Void, Never>?
    var nap: (until: Date, task: Task<Void, Never>)?

    /// - Parameter limit: in force until Strava's headers say otherwise.
    public init(
        database: Database, clock: WallClock, limit: RateLimit, policy: DayPolicy = .automatic,
        logger: Logger = Logger(label: "governor")
    ) {
        self.clock = clock
        self.logger = logger
        ledger = QuotaLedger(database: database, instance: UUID())
        budget = RateBudget(configured: limit, policy: policy)
    }

    /// Reads from the ledger what was spent and learned before, then begins to permit calls.
    ///
    /// Throws `DatabaseError` when the ledger can't be read: without it nothing is permitted.
    public func start() async throws {
        guard life == .new else { return }
        let turns = budget.turns(want: nil, at: moment)
        let answers = try await ledger.take(turns)
        budget.took(Array(zip(turns, answers)), at: moment)
        life = .running
        // Not a child task: it lives as long as the actor runs, and `shutdown` cancels it and waits for its end.
        loop = Task { await self.run() }
    }

    /// Waits for the turn of one call. Whoever gets the permit makes the call and settles it, whatever happens.
    ///
    /// - Parameters:
    ///   - weight: this athlete's share within the class; 1 is ordinary.
    ///   - reportsUsage: false for calls whose answers carry no rate-limit headers (streams).
    /// - Throws: `CancellationError`; `GovernorError` when stopped or when too many wait.
    public func acquire(
        _ requestClass: RequestClass, athlete: AthleteID, weight: Double = 1, reportsUsage: Bool = true
    ) async throws -> Permit {
        try Task.checkCancellation()
        if life == .stopped || isStopping { throw GovernorError(code: .stopped) }
        if waiting.count >= Self.waitersMax { throw GovernorError(code: .queueFull) }
        let id = budget.request(requestClass, athlete: athlete, weight: weight, reportsUsage: reportsUsage)
        let permit = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting[id] = continuation
                pump()
            }
        } onCancel: {
            // Not a child task: a cancellation handler can't wait. It ends as soon as the actor has taken the waiter out.
            Task { await self.cancel(id) }
        }
        if Task.isCancelled {
            settle(permit, .notSent)
            throw CancellationError()
        }
        return permit
    }

    /// Says how a permitted call ended. Settling twice changes nothing.
    public func settle(_ permit: Permit, _ outcome: CallOutcome) {
        report(budget.settle(permit, outcome, at: moment))
        pump()
    }

    /// How many calls all athletes together still need; nil: unknown. With a number that fits into the day, the automatic
    /// policy does not spread.
    public func expectDemand(_ calls: Int?) {
        budget.expect(calls: calls)
        pump()
    }

    /// Ends those who wait with `GovernorError.stopped` and permits no further call: the beginning of a stop. Calls in flight are settled as
    /// before; `shutdown()` follows.
    public func stopPermitting() {
        isStopping = true
        for (id, continuation) in waiting {
            _ = budget.cancel(id)
            continuation.resume(throwing: GovernorError(code: .stopped))
        }
        waiting = [:]
    }

    /// Stops permitting, ends those who wait with `GovernorError.stopped`, and gives unused budget back to the ledger.
    /// Calls in flight should be settled before; those that are not count as spent.
    public func shutdown() async {
        guard life != .stopped else { return }
        let wasRunning = life == .running
        life = .stopped
        stopPermitting()
        loop?.cancel()
        nap?.task.cancel()
        await loop?.value
        guard wasRunning else { return }
        do { _ = try await ledger.take(budget.closingTurns(at: moment)) } catch {
            logger.log(.warning, "unused budget could not be given back", [.error: "\(error)"])
        }
    }

    // MARK: Parts

    /// Now, on the wall and as uptime. A manual clock has one time for both.
    var moment: Moment {
        let wall = clock.now
        let uptime_s = clock === WallClock.system ? started.duration(to: .now).seconds : wall.timeIntervalSince1970
        return Moment(wall: wall, uptime_s: uptime_s)
    }

    private func cancel(_ id: UInt64) {
        guard let continuation = waiting.removeValue(forKey: id) else { return }
        _ = budget.cancel(id)
        continuation.resume(throwing: CancellationError())
    }
}
