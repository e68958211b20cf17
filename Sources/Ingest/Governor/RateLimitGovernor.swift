import Core
import Database
import Foundation
import Logging
import ServiceLifecycle

/// Owns the application's quota at Strava. `RateBudget` decides; this actor holds the callers who wait, exchanges counts with the quota
/// ledger in PostgreSQL, and sleeps until the instant that a decision names.
///
/// Only its `run()` exchanges with the ledger. As a service it belongs first in the list, so that it stops last, when no calls are made any
/// more.
public actor RateLimitGovernor: Service {
    /// More callers than this are refused: far more than athletes in work times the calls that each makes at once.
    public static let waitersMax = 100_000
    /// Without a deadline the loop wakes this often, in seconds, which also finds calls that nobody settled.
    private static let heartbeat_s = 60.0
    private static let ledgerRetry_s = 1.0

    /// `new` has not read the ledger. Can transition to: `starting`, `stopped`.
    /// `starting` waits for the ledger's reply. Can transition to: `ready`, `new` (the ledger failed), `stopped`.
    /// `ready` knows what was spent; callers wait. Can transition to: `running`, `stopped`.
    /// `running` permits calls. Can transition to: `stopped`.
    private enum State { case new, starting, ready, running, stopped }

    /// The loop's sleep: until when, and what ends it early.
    private struct Sleep {
        let until: Date
        let wake: CheckedContinuation<Void, Never>
    }

    private let clock: WallClock
    private let logger: Logger
    private let ledger: QuotaLedger
    private let meters = GovernorMeters()
    private var budget: RateBudget
    private var waiting: [UInt64: CheckedContinuation<Permit, any Error>] = [:]
    private var state = State.new
    /// No further call is permitted, but those in flight are still settled.
    private var isDraining = false
    /// Calls to ask the ledger for in the next exchange.
    private var wanted: Int?
    private var waitingFor: (until: Date, reason: WaitReason)?
    private var sleep: Sleep?
    private let ledgerOutage = Outage(
        "quota ledger does not answer, retrying", over: "quota ledger answers again", level: .warning)

    /// - Parameter limit: in force until Strava's headers name others.
    public init(
        database: Database, clock: WallClock, limit: RateLimit, policy: DayPolicy = .automatic,
        logger: Logger = Logger(label: "governor")
    ) {
        self.clock = clock
        self.logger = logger
        ledger = QuotaLedger(database: database, instance: UUID())
        budget = RateBudget(configured: limit, policy: policy)
    }

    // MARK: Service

    /// Reads from the ledger what was spent and learned before. Does nothing after the first success; may be repeated after a failure.
    ///
    /// - Throws: `DatabaseError` when the ledger can't be read: without it no call is permitted.
    public func start() async throws {
        guard state == .new else { return }
        state = .starting
        let requests = budget.ledgerRequests(at: moment)
        do {
            let replies = try await ledger.exchange(requests)
            budget.received(Array(zip(requests, replies)), at: moment)
            // The governor may have been stopped meanwhile.
            if state == .starting { state = .ready }
        } catch {
            budget.ledgerFailed(requests, retryIn_s: 0, at: moment)
            if state == .starting { state = .new }
            throw error
        }
    }

    /// The ledger is that of a restored backup: permits one call at a time, and only one whose answer reports the usage, until one has. Call it
    /// before `start()`.
    public func awaitUsage() { budget.awaitUsage() }

    /// Permits calls until it is cancelled, stopped gracefully, or `shutdown()` is called; then refuses the callers who wait with
    /// `GovernorError.stopped` and gives unused calls back to the ledger. Calls in flight should be settled before; others count as spent.
    public func run() async throws {
        try await start()
        guard state == .ready else { return }
        state = .running
        await cancelWhenGracefulShutdown { await self.loop() }
        shutdown()
        await returnUnused()
    }

    /// Refuses the callers who wait with `GovernorError.stopped` and permits no further call: the beginning of a drain. Calls in flight are
    /// settled as before; `shutdown()` follows.
    public func stopPermitting() {
        isDraining = true
        for (id, continuation) in waiting {
            _ = budget.cancel(id)
            continuation.resume(throwing: GovernorError(code: .stopped))
        }
        waiting = [:]
    }

    /// Stops permitting calls and refuses those that wait; `run()` then ends.
    public func shutdown() {
        guard state != .stopped else { return }
        state = .stopped
        stopPermitting()
        wake()
    }

    // MARK: Calls

    /// Waits until a call may be made. Whoever gets the permit makes the call and settles it, however it ends.
    ///
    /// - Parameter reportsUsage: false for calls whose answers carry no rate-limit headers (streams).
    /// - Throws: `CancellationError`; `GovernorError` when stopped or when too many callers wait.
    public func acquire(_ requestClass: RequestClass, athlete: AthleteID, reportsUsage: Bool = true) async throws -> Permit {
        try Task.checkCancellation()
        if state == .stopped || isDraining { throw GovernorError(code: .stopped) }
        if waiting.count >= Self.waitersMax { throw GovernorError(code: .queueFull) }
        let start_s = clock.uptime_s
        let id = budget.request(requestClass, athlete: athlete, reportsUsage: reportsUsage)
        let permit = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting[id] = continuation
                grantWaiting()
            }
        } onCancel: {
            // Not a child task: a cancellation handler can't wait. It ends as soon as the actor has removed the caller.
            Task { await self.cancel(id) }
        }
        if Task.isCancelled {
            settle(permit, .notSent)
            throw CancellationError()
        }
        meters.wait.record(clock.uptime_s - start_s, requestClass.name)
        return permit
    }

    /// Records how a permitted call ended. Settling twice changes nothing.
    public func settle(_ permit: Permit, _ outcome: CallOutcome) {
        log(budget.settle(permit, outcome, at: moment))
        grantWaiting()
    }

    /// Sets how many calls all athletes together still need; nil: unknown. If they fit the day, the automatic policy does not spread them.
    public func expectDemand(_ calls: Int?) {
        budget.expect(calls: calls)
        grantWaiting()
    }

    /// The state for status, `fitnessctl limits` and metrics, whose gauges are set to it.
    public func snapshot() -> GovernorSnapshot {
        let snapshot = budget.snapshot(at: moment, waitingFor: waiting.isEmpty ? nil : waitingFor)
        meters.show(snapshot)
        return snapshot
    }

    /// Whether calls of this athlete wait here.
    public func isWaiting(_ athlete: AthleteID) -> Bool { budget.isWaiting(athlete) }

    private func cancel(_ id: UInt64) {
        guard let continuation = waiting.removeValue(forKey: id) else { return }
        _ = budget.cancel(id)
        continuation.resume(throwing: CancellationError())
    }

    // MARK: Loop

    private var moment: Moment { Moment(wall: clock.now, uptime_s: clock.uptime_s) }

    /// Grants what may go, exchanges with the ledger when there is something to ask or tell, sleeps until the next instant that matters.
    private func loop() async {
        while state == .running, !Task.isCancelled {
            let abandoned = budget.settleAbandoned(at: moment)
            if abandoned > 0 { logger.log(.error, "permitted calls were never settled", [.count: abandoned]) }
            grantWaiting()
            if let wanted {
                await exchange(want: wanted)
            } else if let dueAt_s = budget.ledgerDueAt_s(at: moment), dueAt_s <= moment.uptime_s {
                await exchange(want: nil)
            } else {
                await sleepUntilDue()
            }
        }
    }

    /// Grants whatever may go now and plans what the loop does next.
    private func grantWaiting() {
        guard state == .running else { return }
        let now = moment
        while true {
            switch budget.next(at: now) {
            case .grant(let id, let permit): grant(id, permit)
            case .askLedger(let calls): return plan(want: calls, until: nil)
            case .wait(let until, let reason): return plan(want: nil, until: (until, reason))
            case .idle: return plan(want: nil, until: nil)
            }
        }
    }

    private func grant(_ id: UInt64, _ permit: Permit) {
        if let continuation = waiting.removeValue(forKey: id) {
            continuation.resume(returning: permit)
        } else {
            _ = budget.settle(permit, .notSent, at: moment)
        }
    }

    /// Notes what the loop must do next, and wakes it when that is due before its sleep ends.
    private func plan(want: Int?, until: (until: Date, reason: WaitReason)?) {
        wanted = want
        waitingFor = want == nil ? until : (.distantFuture, .ledger)
        if let sleep, want != nil || nextInstant(moment) < sleep.until { wake() }
    }

    /// The next instant that matters to the loop.
    private func nextInstant(_ now: Moment) -> Date {
        let due = budget.ledgerDueAt_s(at: now).map { now.wall(after: max(0, $0 - now.uptime_s)) }
        return [waitingFor?.until, due].compactMap { $0 }.min() ?? .distantFuture
    }

    private func exchange(want: Int?) async {
        wanted = nil
        let requests = budget.ledgerRequests(want: want, at: moment)
        if requests.isEmpty { return budget.received([], at: moment) }
        do {
            let replies = try await ledger.exchange(requests)
            budget.received(Array(zip(requests, replies)), at: moment)
            ledgerOutage.isOver(logger)
        } catch {
            budget.ledgerFailed(requests, retryIn_s: Self.ledgerRetry_s, at: moment)
            if state == .running, !Task.isCancelled { ledgerOutage.met(error, logger) }
        }
    }

    /// Sleeps until the next instant that matters, until `plan` finds an earlier one, or until cancelled.
    private func sleepUntilDue() async {
        let now = moment
        let until = min(nextInstant(now), now.wall(after: Self.heartbeat_s))
        await withDiscardingTaskGroup { group in
            group.addTask {
                // The only error is the cancellation, which ends the sleep as well.
                do { try await self.clock.sleep(until: until) } catch {}
                await self.wake()
            }
            await withCheckedContinuation { sleep = Sleep(until: until, wake: $0) }
            group.cancelAll()
        }
    }

    private func wake() {
        let ended = sleep
        sleep = nil
        ended?.wake.resume()
    }

    private func returnUnused() async {
        let requests = budget.closingRequests(at: moment)
        // Not a child task: it must not be cancelled with `run()`, or the unused calls would count as spent. One round trip, waited for here.
        let last = Task { try await ledger.exchange(requests) }
        do { _ = try await last.value } catch {
            logger.log(.warning, "unused budget could not be given back", error)
        }
    }

    // MARK: Log

    /// One line per incident, not one per athlete.
    private func log(_ incidents: [BudgetIncident]) {
        for incident in incidents {
            switch incident {
            case .rateLimited(let span, let until):
                logger.log(.warning, "strava refused a call over its limit", [.reason: span.rawValue, .until: until])
            case .limitsChanged(let limits):
                logger.log(.notice, "limits learned", [.limit: "\(limits.quarter.least),\(limits.day.least)"])
            case .limitsDoubted(let limits):
                logger.log(
                    .warning, "strava named implausible limits: they hold, one call a quarter hour checks them",
                    [.limit: "\(limits.quarter.least),\(limits.day.least)"])
            case .troubleBegan(let reason, let kind):
                logger.log(.info, "a call to strava failed", [.reason: Self.reason(reason, kind)])
            case .circuitOpened(let reason, let kind, let until):
                logger.log(.error, "calls to strava suspended", [.reason: Self.reason(reason, kind), .until: until])
            case .circuitStillOpen(let reason, let kind, let until):
                logger.log(.warning, "strava still in trouble", [.reason: Self.reason(reason, kind), .until: until])
            case .circuitClosed(let reason):
                logger.log(.notice, "calls to strava resumed", [.reason: reason.rawValue])
            }
        }
    }

    /// Network trouble with its kind: `network (tls)`.
    private static func reason(_ trouble: ApplicationTrouble, _ kind: String?) -> String {
        trouble.rawValue + (kind.map { " (\($0))" } ?? "")
    }
}

/// Why a call was not permitted. Waiting for quota is not an error.
public struct GovernorError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// The governor was shut down.
        case stopped
        /// More than `RateLimitGovernor.waitersMax` calls are waiting.
        case queueFull = "queue_full"
    }

    public let code: Code

    public var description: String {
        switch code {
        case .stopped: "the governor is stopped; no more calls are permitted"
        case .queueFull: "too many calls are waiting for quota; try again later"
        }
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .stopped: .never
        case .queueFull: .retry
        }
    }
}
