import Core
import Database
import Foundation
import Logging
import ServiceLifecycle

/// Owns the application's quota at Strava. Decides with `RateBudget`; this actor holds those who wait, asks the ledger in
/// PostgreSQL for budget, and sleeps until the instant that a decision names.
///
/// Its `run()` is the only one that talks to the ledger. As a service it belongs first in the list: it then stops last, when nobody makes
/// calls any more.
public actor RateLimitGovernor: Service {
    /// More callers than this do not wait, they are told so: far more than athletes in work times calls each makes at once.
    public static let waitersMax = 100_000
    /// Without a deadline the loop looks again this often, which also finds calls that nobody settled.
    static let heartbeat_s = 60.0
    static let ledgerRetry_s = 1.0

    /// `new` waits for the first answer of the ledger. Can transition to: `starting`, `stopped`.
    /// `starting` is asking for it. Can transition to: `ready`, `new` (the ledger failed), `stopped`.
    /// `ready` knows what was spent; callers wait. Can transition to: `running`, `stopped`.
    /// `running` permits calls. Can transition to: `stopped`.
    enum Life { case new, starting, ready, running, stopped }

    /// The loop's sleep: until when, and what ends it.
    struct Nap {
        let until: Date
        let wake: CheckedContinuation<Void, Never>
    }

    let clock: WallClock
    let logger: Logger
    let ledger: QuotaLedger
    var budget: RateBudget
    var waiting: [UInt64: CheckedContinuation<Permit, any Error>] = [:]
    var life = Life.new
    /// No call is permitted any more, though those in flight are still settled.
    private var isStopping = false
    var wantsLease: Int?
    var waitingFor: (until: Date, reason: WaitReason)?
    var nap: Nap?
    let ledgerOutage = Outage(
        "quota ledger does not answer, will go on trying", over: "quota ledger answers again", level: .warning)

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

    /// Reads from the ledger what was spent and learned before. Only the first call does it; a failed one may be repeated.
    ///
    /// Throws `DatabaseError` when the ledger can't be read: without it nothing is permitted.
    public func start() async throws {
        guard life == .new else { return }
        life = .starting
        let turns = budget.turns(want: nil, at: moment)
        do {
            let answers = try await ledger.take(turns)
            budget.took(Array(zip(turns, answers)), at: moment)
            if life == .starting { life = .ready }
        } catch {
            budget.ledgerFailed(turns, retryIn_s: 0, at: moment)
            if life == .starting { life = .new }
            throw error
        }
    }

    /// Permits calls until it is cancelled, told to stop gracefully, or `shutdown()` is called; then ends those who wait with
    /// `GovernorError.stopped` and gives unused budget back to the ledger. Calls in flight should be settled before; those that are not
    /// count as spent.
    public func run() async throws {
        try await start()
        guard life == .ready else { return }
        life = .running
        await cancelWhenGracefulShutdown { await self.work() }
        shutdown()
        await close()
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

    /// Stops permitting and ends those who wait with `GovernorError.stopped`; `run()` then ends.
    public func shutdown() {
        guard life != .stopped else { return }
        life = .stopped
        stopPermitting()
        endNap()
    }

    // MARK: Parts

    /// Now, on the wall and as uptime.
    var moment: Moment { Moment(wall: clock.now, uptime_s: clock.uptime_s) }

    /// Gives back what was leased and not used. Not cancelled with `run()`: without it the calls would count as spent.
    private func close() async {
        let turns = budget.closingTurns(at: moment)
        // Not a child task: those are cancelled with their parent, and this one is what remains to be done after that. One round trip.
        let last = Task { try await ledger.take(turns) }
        do { _ = try await last.value } catch {
            logger.log(.warning, "unused budget could not be given back", [.error: "\(error)"])
        }
    }

    private func cancel(_ id: UInt64) {
        guard let continuation = waiting.removeValue(forKey: id) else { return }
        _ = budget.cancel(id)
        continuation.resume(throwing: CancellationError())
    }
}
