import Core
import Database
import Foundation
import Governor
import Logging
import StravaAPI
import SyncStore
import Vault
import Warehouse

/// How a turn ended, for the scheduler.
struct TurnReport: Sendable {
    /// Its end is in PostgreSQL, or its lease had been lost before.
    let isEndWritten: Bool
    /// PostgreSQL's trouble that it met.
    var storeError: (any Error)?
}

/// One athlete's sync for the time of one turn: makes the calls that `TurnRules` names and lands what has arrived, in groups.
///
/// One task decides and lands; each call has a child task of its own, which waits for a permit and a place in flight and leaves its answer
/// here. At most one turn per athlete is at work, by lease, and each write is fenced with it. All that it knows can be read again from
/// PostgreSQL.
actor AthleteSync {
    /// The call has not been made, because the turn ends.
    private struct Withdrawal: Error {}

    /// Bytes of answers in one batch, unless one alone has more: the rest lands with the next.
    private static let batchBytesMax = 8 << 20
    /// What was known of pauses is asked again before a call that has waited longer than this, in seconds.
    private static let standingAge_s: Double = 1

    private let environment: SyncEnvironment
    private let claim: Claim
    private let queries: TurnQueries
    private let drain: Drain
    private let logID = LogID()
    private var rules: TurnRules
    private var state = SyncState()
    private var standing: TurnStanding
    /// Answers for activities and own objects that have not landed.
    private var arrived: [TurnJudgement] = []
    private var listAnswer: TurnAnswer?
    /// Calls that have a place in flight.
    private var placed: Set<TurnCall.Target> = []
    /// Calls that wait for a permit.
    private var permitWaits: [TurnCall.Target: Task<Permit, any Error>] = [:]
    private var isWithdrawn = false
    private var requests = 0
    private var landed = 0
    /// What ends the turn as failed.
    private var trouble: (any Error)?
    /// Why an admin's request is not run; it is not fulfilled then.
    private var requestTrouble: String?
    /// PostgreSQL's trouble that ended the turn.
    private var storeError: (any Error)?

    /// - Parameter pace: the rhythm that all athletes together leave; nil: that of an athlete alone.
    init(environment: SyncEnvironment, claim: Claim, pace: SyncPace? = nil, drain: Drain = Drain()) {
        self.environment = environment
        self.claim = claim
        self.drain = drain
        rules = TurnRules(
            plan: SyncPlan(settings: environment.settings, pace: pace, athlete: claim.athleteID), claimPriority: claim.priority)
        queries = TurnQueries(
            database: environment.database, claim: claim, newestCount: environment.settings.newestFirstCount,
            sampleCount: environment.settings.sampleCount, fetchesZones: environment.settings.fetchesActivityZones,
            history: environment.settings.history)
        standing = TurnStanding(readAt: .distantPast, mayGoOn: false, isAnyoneDue: false)
    }

    private var now: Date { environment.clock.now }

    /// Works until nothing is due, the turn's bound is reached, or it is told to stop; then writes how it ended. All its log lines have the
    /// turn's id, and that of the request that asked for it.
    @discardableResult
    func run() async -> TurnReport {
        await LogContext.$current.withValue(LogContext(requestID: claim.requestID, run: logID)) { await turn() }
    }

    private func turn() async -> TurnReport {
        let startedAt = now
        environment.window.turnBegan()
        let end: TurnEnd
        do {
            let ending = try await work()
            if let trouble { throw trouble }
            end = await turnEnd(ending, startedAt: startedAt)
        } catch {
            end = await failure(error, startedAt: startedAt)
        }
        for _ in placed { environment.window.leave() }
        environment.window.turnEnded()
        environment.meters.turnDuration.record(now.timeIntervalSince(startedAt))
        // A cancelled turn writes nothing here: the scheduler gives all leases back at its own end.
        if Task.isCancelled { return TurnReport(isEndWritten: false) }
        do {
            try await queries.finish(end, now: now)
            environment.meters.turns.add(1, end.outcome.rawValue)
            return TurnReport(isEndWritten: true, storeError: storeError)
        } catch {
            environment.meters.turns.add(1, "unwritten")
            log(.warning, "end of turn not written, the lease is taken back", error)
            return TurnReport(isEndWritten: false, storeError: storeError ?? (StoreTrouble.isMet(in: error) ? error : nil))
        }
    }

    private func work() async throws -> TurnRules.Ending {
        (state, standing) = try await queries.state(readRequest(), now: now)
        return try await withThrowingTaskGroup(of: Void.self) { calls in
            while true {
                try Task.checkCancellation()
                try await land()
                switch rules.next(state, situation) {
                case .begin(let begun, let requestClass):
                    for call in begun {
                        if case .list(let pass) = call, pass.isFirst { state.eventsAtPassStart = state.events.ids }
                        calls.addTask { await self.make(call, requestClass) }
                    }
                case .read:
                    (state, standing) = try await queries.stateAgain(state, now: now)
                    rules.stateWasRead()
                case .withdraw:
                    withdraw()
                    try await calls.next()
                case .wait: try await calls.next()
                case .end(let ending): return ending
                }
            }
        }
    }

    private var situation: TurnRules.Situation {
        TurnRules.Situation(
            now: now, mayGoOn: standing.mayGoOn, isAnyoneDue: standing.isAnyoneDue, isDraining: drain.hasBegun,
            turnCount: environment.window.turnCount)
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

    // MARK: Calls

    /// Makes one call and leaves its answer for the next landing.
    private func make(_ call: TurnCall, _ requestClass: RequestClass) async {
        let askedAt = now
        let result: Result<StravaAnswer, any Error>
        do {
            result = .success(try await get(call.strava(state.request, of: claim.athleteID), requestClass, for: call.target))
        } catch is Withdrawal {
            return close(call.target, hasLanded: false)
        } catch {
            result = .failure(error)
        }
        let answer = TurnAnswer(call: call, askedAt: askedAt, result: result)
        if call.target == .list { listAnswer = answer } else { arrived.append(await answer.judged(claim, state, now: now)) }
        rules.answered(call.target)
    }

    /// The call is no longer open.
    private func close(_ target: TurnCall.Target, hasLanded: Bool) {
        if placed.remove(target) != nil { environment.window.leave() }
        if hasLanded { rules.landed(target) } else { rules.dropped(target) }
    }

    /// Permit, token, request, settlement. A refused token is refreshed once.
    ///
    /// - Parameter target: nil: a call beside those of the rules, which takes no place in flight.
    private func get(_ call: StravaCall, _ requestClass: RequestClass, for target: TurnCall.Target?) async throws -> StravaAnswer {
        do {
            return try await getOnce(call, requestClass, for: target)
        } catch let error as StravaError where error.code == .tokenDead {
            return try await getOnce(call, requestClass, for: target)
        }
    }

    private func getOnce(_ call: StravaCall, _ requestClass: RequestClass, for target: TurnCall.Target?) async throws -> StravaAnswer {
        let (token, permit) = try await tokenAndPermit(call, requestClass, for: target)
        do {
            if let target { try await depart(target) }
        } catch {
            await environment.governor.settle(permit, .notSent)
            throw error
        }
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

    /// The token first, since a refresh may take a minute and a permit is worth seconds; then the permit, and a look whether the token still
    /// holds.
    private func tokenAndPermit(
        _ call: StravaCall, _ requestClass: RequestClass, for target: TurnCall.Target?
    ) async throws -> (Secret, Permit) {
        let vault = environment.vault
        var rounds = 0
        while true {
            if isWithdrawn, target != nil { throw Withdrawal() }
            let token = try await vault.accessToken(for: claim.athleteID)
            let permit = try await permit(call, requestClass, for: target)
            rounds += 1
            if await vault.holds(token, for: claim.athleteID) || rounds >= Self.tokenRoundsMax { return (token, permit) }
            await environment.governor.settle(permit, .notSent)
        }
    }

    private func permit(_ call: StravaCall, _ requestClass: RequestClass, for target: TurnCall.Target?) async throws -> Permit {
        let (governor, athlete) = (environment.governor, claim.athleteID)
        guard let target else {
            return try await governor.acquire(requestClass, athlete: athlete, reportsUsage: call.reportsUsage)
        }
        if isWithdrawn { throw Withdrawal() }
        // A task of its own, so that the turn can give up waiting without cancelling the calls that have been sent.
        let wait = Task { try await governor.acquire(requestClass, athlete: athlete, reportsUsage: call.reportsUsage) }
        permitWaits[target] = wait
        defer { permitWaits[target] = nil }
        do {
            return try await withTaskCancellationHandler {
                try await wait.value
            } onCancel: {
                wait.cancel()
            }
        } catch  where isWithdrawn {
            throw Withdrawal()
        }
    }

    /// Takes a place in flight and looks whether the call may still be made.
    private func depart(_ target: TurnCall.Target) async throws {
        if !placed.contains(target) {
            try await environment.window.enter()
            placed.insert(target)
        }
        if now.timeIntervalSince(standing.readAt) > Self.standingAge_s { standing = try await queries.standing(now: now) }
        guard standing.mayGoOn, !drain.hasBegun, !isWithdrawn else { throw Withdrawal() }
        rules.sent(target)
    }

    /// Gives up the calls that have not been sent.
    private func withdraw() {
        isWithdrawn = true
        for wait in permitWaits.values { wait.cancel() }
    }

    // MARK: Landing

    /// Lands what has arrived, newest first.
    private func land() async throws {
        while case let group = takeGroup(), !group.isEmpty { try await land(group) }
        guard let answer = listAnswer, case .list(let pass) = answer.call else { return }
        // A call that is under way may show that something was deleted, which the end of a walk has to know.
        if pass.kind == .walk, rules.isAnySent { return }
        listAnswer = nil
        try await landList(pass, answer)
    }

    private func takeGroup() -> [TurnJudgement] {
        let landable = rules.landable
        var (group, bytes) = ([TurnJudgement](), 0)
        for judgement in arrived.sorted(by: { $0.call.startAt > $1.call.startAt }) where landable.contains(judgement.call.target) {
            if bytes >= Self.batchBytesMax { break }
            bytes += judgement.batch.answers.reduce(0) { $0 + $1.body.count }
            group.append(judgement)
        }
        let taken = Set(group.map(\.call.target))
        arrived.removeAll { taken.contains($0.call.target) }
        return group
    }

    private func land(_ group: [TurnJudgement]) async throws {
        if group.contains(where: \.isOtherAthletes) { try await stopAsForeign() }
        var batch = BronzeBatch(athleteID: claim.athleteID, lease: claim.lease)
        for judgement in group { batch.append(judgement.batch) }
        do {
            try await commit(batch)
            for judgement in group { follow(judgement) }
        } catch  where !endsAtOnce(error) {
            if group.count > 1 {
                // What can't be stored fails alone.
                for judgement in group { try await land([judgement]) }
            } else {
                fail(error)
                close(group[0].call.target, hasLanded: false)
            }
            return
        }
        if !batch.isEmpty { standing = try await queries.standing(now: now) }
    }

    /// Nothing that this turn has fetched can be stored, or may be.
    private func endsAtOnce(_ error: any Error) -> Bool {
        if (error as? SyncError)?.code == .tokenOfAnotherAthlete { return true }
        return error.isCancellation || StoreTrouble.isMet(in: error) || (error as? WarehouseError)?.code == .leaseLost
    }

    /// The turn ends with this error once what is in flight has landed.
    private func fail(_ error: any Error) {
        trouble = trouble ?? error
        rules.failed()
    }

    /// Follows in memory what was just committed.
    private func follow(_ judgement: TurnJudgement) {
        let target = judgement.call.target
        if let error = judgement.trouble { fail(error) }
        close(target, hasLanded: !judgement.batch.isEmpty)
        if judgement.batch.isEmpty { return }
        if case .activity(let id, let endpoint) = target { state.settled(id, endpoint) }
        // What one answer says of the zones of all activities.
        for change in judgement.batch.ledger where change.endpoint == .zones { state.settled(change.activityID, .zones) }
        for change in judgement.batch.objects { state.follow(change, now: now) }
    }

    private func commit(_ batch: BronzeBatch) async throws {
        if batch.isEmpty { return }
        let receipt = try await environment.writer.commit(batch)
        landed += receipt.inserted + receipt.changed
    }

    // MARK: The list

    /// Lands a page. Trouble with the list alone is remembered, and the turn goes on with what is known already.
    private func landList(_ pass: ListPass, _ arrival: TurnAnswer) async throws {
        do {
            try await land(try arrival.result.get(), of: pass, askedAt: arrival.askedAt)
            close(.list, hasLanded: true)
        } catch let error as StravaError where error.isAboutOneObject {
            close(.list, hasLanded: false)
            if error.code == .scopeMissing {
                let scope = error.missingScope ?? "a scope"
                try await queries.askToReconnect("the grant lacks \(scope): the athlete must connect again and allow it", now: now)
            }
            log(.warning, "list not readable", error)
            state.listTrouble = "\(error)"
        } catch  where !endsAtOnce(error) {
            close(.list, hasLanded: false)
            fail(error)
        }
    }

    private func land(_ answer: StravaAnswer, of pass: ListPass, askedAt: Date) async throws {
        let page = try ActivityPage(body: answer.body, athlete: claim.athleteID)
        if page.foreignCount > 0 && page.ownCount == 0 { try await askWhoseTokenThisIs(pass) }
        let step = ListStep(claim: claim, queries: queries, pass: pass, askedAt: askedAt, logger: environment.logger)
        let outcome = try await step.outcome(of: page, answer, state, now: now)
        try await commit(outcome.batch)
        if let cursor = outcome.batch.cursor { state.cursor.apply(cursor) }
        if outcome.hasEnded { state.eventsLookedAfter.formUnion(state.eventsAtPassStart) }
        if let trouble = outcome.trouble { state.listTrouble = trouble }
        state.pass = outcome.next
    }

    /// All of a page is another athlete's: the profile tells whether the token is, too. Throws when it is.
    private func askWhoseTokenThisIs(_ pass: ListPass) async throws {
        let requestClass = rules.requestClass(.list(pass), state: state, now: now)
        let answer = try await get(.athlete, requestClass, for: nil)
        if AnswerCheck.fault(of: answer.body, to: .athlete, athlete: claim.athleteID) == .otherAthlete { try await stopAsForeign() }
    }

    /// The token is another athlete's: nothing it brought is stored, and no call is made with it any more.
    private func stopAsForeign() async throws -> Never {
        try await queries.askToReconnect(SyncError.Code.tokenOfAnotherAthlete.rawValue, now: now)
        throw SyncError(
            .tokenOfAnotherAthlete,
            "the stored token belongs to another athlete: import this athlete's own token, or send a link (fitnessctl athletes connect)")
    }

    // MARK: Ends

    private func turnEnd(_ ending: TurnRules.Ending, startedAt: Date) async -> TurnEnd {
        switch ending {
        case .done(let nextDueAt):
            if let trouble = state.listTrouble ?? requestTrouble { return await backedOff(trouble, startedAt: startedAt) }
            return turnEnd(.done, nextDueAt: nextDueAt, priority: 2, startedAt: startedAt)
        case .more(let priority): return turnEnd(.more, nextDueAt: now, priority: priority, startedAt: startedAt)
        case .stopped(let priority): return turnEnd(.stopped, nextDueAt: now, priority: priority, startedAt: startedAt)
        case .failed: return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
    }

    private func turnEnd(_ outcome: TurnEnd.Outcome, nextDueAt: Date, priority: Int, startedAt: Date) -> TurnEnd {
        TurnEnd(
            outcome: outcome, nextDueAt: nextDueAt, priority: priority, requests: requests, landed: landed, startedAt: startedAt,
            claimedRequest: claim.request, events: state.events.ids, eventsLookedAfter: Array(state.eventsLookedAfter), logID: logID)
    }

    private func failure(_ error: any Error, startedAt: Date) async -> TurnEnd {
        if (error as? GovernorError)?.code == .stopped {
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        // A stop that waits no longer. The next start goes on with the athlete, who is not to blame.
        if error is CancellationError || Task.isCancelled {
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        if await isErased() {
            environment.logger.log(.info, "turn ended, its athlete is erased", [:])
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        if let error = error as? WarehouseError, error.code == .leaseLost {
            environment.meters.leasesLost.add()
            log(.info, "turn ended, the athlete has connected again or another daemon has the lease", error)
            return turnEnd(.stopped, nextDueAt: now, priority: claim.priority, startedAt: startedAt)
        }
        // One incident, which the scheduler reports; it also says when the next athletes are claimed.
        if StoreTrouble.isMet(in: error) { storeError = error }
        if storeError != nil || isTroubleOfAll(error) {
            // The governor's circuit does the same for Strava's trouble. This athlete is not to blame and stays where it is.
            let nextDueAt = now.addingTimeInterval(FailureWait.ofAll_s(claim.athleteID, at: now))
            return turnEnd(.stopped, nextDueAt: nextDueAt, priority: claim.priority, startedAt: startedAt)
        }
        log(.warning, "turn failed", error)
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

    private func isErased() async -> Bool {
        do { return try await queries.isErased() } catch { return false }
    }

    private func isTroubleOfAll(_ error: any Error) -> Bool {
        let strava = error as? StravaError ?? (error as? VaultError)?.underlying
        if (error as? VaultError)?.code == .queueFull || (error as? GovernorError)?.code == .queueFull { return true }
        return strava.map { $0.isApplicationWide || $0.code == .network || $0.code == .busy } ?? false
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ error: any Error) {
        environment.logger.log(level, message, error, [.athleteID: claim.athleteID])
    }
}

extension Claim {
    /// Of the request that asked for the turn; nil: nobody did, or not over HTTP.
    fileprivate var requestID: LogID? {
        guard let request, let asked = try? JSONDecoder().decode(SyncRequest.self, from: Data(request.utf8)) else { return nil }
        return asked.requestID.flatMap { LogID($0) }
    }
}

extension StravaCall {
    /// Answers about streams carry no rate-limit headers (docs/strava-api.md 2).
    package var reportsUsage: Bool {
        if case .streams = self { false } else { true }
    }
}

extension StravaError {
    /// Whether the same token may do well with everything else.
    fileprivate var isAboutOneObject: Bool {
        switch code {
        case .serverError, .unreadable, .badRequest, .notFound, .forbidden, .paymentRequired, .scopeMissing: true
        default: false
        }
    }
}
