import Core
import Database
import Foundation
import Governor
import Logging
import StravaAPI
import Vault
import Warehouse

/// What a turn works with; built once by the daemon.
public struct SyncEnvironment: Sendable {
    public let database: Database
    /// The connections that nothing else can take: for claims and leases.
    public let steering: Database
    public let strava: StravaClient
    public let governor: RateLimitGovernor
    public let vault: TokenVault
    public let writer: WarehouseWriter
    public let clock: WallClock
    public let settings: SyncSettings
    public let logger: Logger

    public init(
        database: Database, steering: Database? = nil, strava: StravaClient, governor: RateLimitGovernor, vault: TokenVault,
        writer: WarehouseWriter, clock: WallClock, settings: SyncSettings, logger: Logger
    ) {
        self.database = database
        self.steering = steering ?? database
        self.strava = strava
        self.governor = governor
        self.vault = vault
        self.writer = writer
        self.clock = clock
        self.settings = settings
        self.logger = logger
    }
}

/// One athlete's walk, for the time of one turn: asks the plan, spends a permit, fetches, lands, asks again.
///
/// At most one is at work per athlete, by lease; each write is fenced with it. Everything it knows it can read again from Postgres.
actor AthleteSync {
    let environment: SyncEnvironment
    let claim: Claim
    let plan: SyncPlan
    let queries: TurnQueries
    private let drain: Drain
    var state = SyncState()
    var requests = 0
    var landed = 0
    /// Why an admin's request is not run; it is not fulfilled then.
    private var requestTrouble: String?
    /// PostgreSQL's trouble that ended the turn.
    private var storeError: (any Error)?

    /// - Parameter pace: the rhythm that all athletes together leave; nil: that of an athlete alone.
    init(environment: SyncEnvironment, claim: Claim, pace: SyncPace? = nil, drain: Drain = Drain()) {
        self.environment = environment
        self.claim = claim
        self.drain = drain
        plan = SyncPlan(settings: environment.settings, pace: pace, athlete: claim.athleteID)
        queries = TurnQueries(
            database: environment.database, athlete: claim.athleteID, sampleCount: environment.settings.sampleCount)
    }

    private var schedule: ScheduleQueries { ScheduleQueries(database: environment.database) }
    var now: Date { environment.clock.now }

    /// Works until nothing is due, the turn's bound is reached, or it is told to stop; then writes how it ended.
    @discardableResult
    func run() async -> TurnReport {
        let startedAt = now
        let end: TurnEnd
        do {
            end = try await walk(startedAt: startedAt)
        } catch {
            end = await failure(error, startedAt: startedAt)
        }
        // A cancelled turn writes nothing here: the scheduler gives all leases back at its own end.
        if Task.isCancelled { return TurnReport(isEndWritten: false, isCancelled: true) }
        do {
            try await queries.finish(end, lease: claim.lease, now: now)
            return TurnReport(isEndWritten: true, storeError: storeError)
        } catch {
            log(.warning, "end of turn not written, the lease is taken back", error)
            return TurnReport(isEndWritten: false, storeError: storeError ?? (StoreTrouble.isMet(in: error) ? error : nil))
        }
    }

    private func walk(startedAt: Date) async throws -> TurnEnd {
        let request = readRequest()
        state = try await queries.state(request, now: now, newestCount: environment.settings.newestFirstCount)
        while true {
            try Task.checkCancellation()
            if drain.hasBegun { return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt) }
            if state.work.isEmpty && state.pass == nil {
                try await readWork()
            }
            let step = plan.next(state, now: now)
            if case .done(let nextDueAt) = step {
                if let trouble = state.listTrouble ?? requestTrouble { return await backedOff(trouble, startedAt: startedAt) }
                return turnEnd(.done, nextDueAt: nextDueAt, priority: 2, startedAt: startedAt)
            }
            let requestClass = plan.requestClass(step, state: state, now: now)
            if requests >= environment.settings.requestsPerTurnMax || requestClass.priority > claim.priority && requestClass == .history {
                return turnEnd(.more, nextDueAt: now, priority: requestClass.priority, startedAt: startedAt)
            }
            guard try await schedule.mayGoOn(claim.athleteID, lease: claim.lease, now: now) else {
                return turnEnd(.stopped, nextDueAt: now, priority: requestClass.priority, startedAt: startedAt)
            }
            if try await isOthersTurn() {
                return turnEnd(.more, nextDueAt: now, priority: requestClass.priority, startedAt: startedAt)
            }
            try await perform(step, requestClass)
        }
    }

    /// A request that this version can't read is told and stays where it is; the athlete's own rhythm goes on meanwhile.
    private func readRequest() -> SyncRequest? {
        guard let text = claim.request else { return nil }
        do {
            return try JSONDecoder().decode(SyncRequest.self, from: Data(text.utf8))
        } catch {
            log(.warning, "request for a sync not readable, an ordinary look is made instead", error)
            requestTrouble = "what was asked for can't be read, ask again: fitnessctl sync \(claim.athleteID)"
            return nil
        }
    }

    /// A pass for what is new begins again with each turn, so a turn is not ended in the middle of one.
    private func isOthersTurn() async throws -> Bool {
        guard requests >= environment.settings.requestsPerTurnShared, state.pass == nil else { return false }
        return try await schedule.isAnyoneDue(priority: claim.priority, now: now)
    }

    func readWork() async throws {
        state = try await queries.withWork(state, now: now, newestCount: environment.settings.newestFirstCount)
    }

    private func perform(_ step: NextStep, _ requestClass: RequestClass) async throws {
        switch step {
        case .list(let pass): try await tryList(pass, requestClass)
        case .object(let object): try await fetch(object, requestClass)
        case .fetch(let item): try await fetch(item, requestClass)
        case .done: break
        }
    }

    /// One call: permit, token, request, settlement. A refused token is refreshed once.
    func get(_ call: StravaCall, _ requestClass: RequestClass) async throws -> StravaAnswer {
        do {
            return try await getOnce(call, requestClass)
        } catch let error as StravaError where error.code == .tokenDead {
            return try await getOnce(call, requestClass)
        }
    }

    private func getOnce(_ call: StravaCall, _ requestClass: RequestClass) async throws -> StravaAnswer {
        let (token, permit) = try await tokenAndPermit(call, requestClass)
        requests += 1
        do {
            let answer = try await environment.strava.get(call, token: token)
            await environment.governor.settle(permit, CallOutcome(answer))
            return answer
        } catch let error as StravaError {
            await environment.governor.settle(permit, CallOutcome(error))
            if error.code == .tokenDead { try await environment.vault.reject(token, for: claim.athleteID) }
            throw error
        } catch {
            await environment.governor.settle(permit, .unknown)
            throw error
        }
    }

    /// Waits for a permit are long when the quota is spent; a token that ran out meanwhile is refreshed, this many times.
    private static let tokenRoundsMax = 3

    /// The token first, since a refresh may take a minute and a permit is worth seconds; then the permit, and a look that the token still
    /// holds.
    private func tokenAndPermit(_ call: StravaCall, _ requestClass: RequestClass) async throws -> (Secret, Permit) {
        let (governor, vault) = (environment.governor, environment.vault)
        var rounds = 0
        while true {
            let token = try await vault.accessToken(for: claim.athleteID)
            let permit = try await governor.acquire(requestClass, athlete: claim.athleteID, reportsUsage: call.reportsUsage)
            rounds += 1
            if await vault.holds(token, for: claim.athleteID) || rounds >= Self.tokenRoundsMax { return (token, permit) }
            await governor.settle(permit, .notSent)
        }
    }

    // MARK: Ends

    private func turnEnd(_ outcome: TurnEnd.Outcome, nextDueAt: Date, priority: Int, startedAt: Date) -> TurnEnd {
        TurnEnd(
            outcome: outcome, nextDueAt: nextDueAt, priority: priority, requests: requests, landed: landed, startedAt: startedAt,
            claimedRequest: claim.request, events: state.events.ids, eventsLookedAfter: Array(state.eventsLookedAfter))
    }

    private func failure(_ error: any Error, startedAt: Date) async -> TurnEnd {
        if (error as? GovernorError)?.code == .stopped {
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        if StoreTrouble.isMet(in: error) {
            // One incident, which the scheduler reports; it also says when the next athletes are claimed.
            storeError = error
            let nextDueAt = now.addingTimeInterval(FailureWait.ofAll_s(claim.athleteID, at: now))
            return turnEnd(.stopped, nextDueAt: nextDueAt, priority: claim.priority, startedAt: startedAt)
        }
        if let error = error as? WarehouseError, error.code == .leaseLost {
            log(.info, "turn ended, the athlete has connected again or another daemon has the lease", error)
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        if isTroubleOfAll(error) {
            // The governor's circuit holds everybody back and reports it once; this athlete is not to blame and stays where it is.
            let nextDueAt = now.addingTimeInterval(FailureWait.ofAll_s(claim.athleteID, at: now))
            return turnEnd(.stopped, nextDueAt: nextDueAt, priority: claim.priority, startedAt: startedAt)
        }
        if !error.isCancellation, !Task.isCancelled { log(.warning, "turn failed", error) }
        return await backedOff("\(error)", startedAt: startedAt)
    }

    /// The end of a turn that could not do its work.
    private func backedOff(_ reason: String, startedAt: Date) async -> TurnEnd {
        var failures = 0
        do { failures = try await queries.failures() } catch { log(.debug, "failures not read", error) }
        let wait_s = FailureWait.wait_s(claim.athleteID, failures: failures, at: now)
        var end = turnEnd(.failed, nextDueAt: now.addingTimeInterval(wait_s), priority: 2, startedAt: startedAt)
        end.error = reason
        return end
    }

    private func isTroubleOfAll(_ error: any Error) -> Bool {
        let strava = error as? StravaError ?? (error as? VaultError)?.underlying
        if (error as? VaultError)?.code == .queueFull || (error as? GovernorError)?.code == .queueFull { return true }
        return strava.map { $0.isApplicationWide || $0.code == .network || $0.code == .busy } ?? false
    }

    func log(_ level: Logger.Level, _ message: Logger.Message, _ error: any Error) {
        environment.logger.log(level, message, [.athleteID: claim.athleteID, .error: "\(error)"])
    }
}

/// How a turn ended, for the scheduler.
struct TurnReport: Sendable {
    /// Its end is in Postgres, or its lease had been lost before.
    let isEndWritten: Bool
    /// PostgreSQL's trouble that it met.
    var storeError: (any Error)?
    var isCancelled = false
}

extension StravaCall {
    /// Answers about streams carry no rate-limit headers (docs/strava-api.md 2).
    var reportsUsage: Bool {
        if case .streams = self { false } else { true }
    }
}

extension RequestClass {
    /// Its place in `sync.schedule.priority`.
    var priority: Int { rawValue }
}
