import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore

/// Claims due athletes and gives each a turn. It owns nothing: what is due, who has it and what was asked for is in `sync.schedule`.
///
/// It looks when notified, when a turn ends and once a tick. Its loop is the daemon's heartbeat: systemd's watchdog hangs on it.
public actor SyncScheduler: Service {
    private let environment: SyncEnvironment
    private let schedule: ScheduleQueries
    private let owner: UUID
    private let heartbeat: @Sendable () async -> Void
    private var working = TurnsInWork()
    private var storeTrouble = StoreTrouble()
    private var renewedAt = Date.distantPast
    private var demandToldAt = Date.distantPast
    private var pace: SyncPace?
    private var pacedAt = Date.distantPast
    private var eventState = EventHealth.State.none
    private let scheduleOutage = Outage("schedule not readable, will go on trying", over: "schedule readable again")
    private let housekeepingOutage = Outage(
        "demand and rhythm not counted, will go on trying", over: "demand and rhythm counted again", level: .warning)
    /// When the look at the schedule that is under way began.
    private var lookBeganAt: Date?
    private var silenceIsTold = false
    private let drain = Drain()

    /// How long a stop waits for calls in flight and what they land: most answers are here within a second. What takes longer is cut, and
    /// fetched again after the next start.
    public static let drainMax: Duration = .seconds(6)

    /// - Parameter owner: whom the leases name. The same from start to start, and never of two processes at once: what a crashed
    ///   predecessor of this name held is freed at the start.
    public init(environment: SyncEnvironment, owner: UUID, heartbeat: @escaping @Sendable () async -> Void = {}) {
        self.environment = environment
        self.owner = owner
        self.heartbeat = heartbeat
        schedule = ScheduleQueries(database: environment.steering)
    }

    /// Works until graceful shutdown, which is a drain: nothing is claimed any more, no further call is permitted, those in flight land.
    public func run() async throws {
        await giveBack()
        await takeUp()
        await work()
        // A task of its own, since what is given back after a cancellation must not be cancelled itself.
        await Task { await giveBack() }.value
    }

    private func work() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { turns in
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.tick(wake) }
                    group.addTask { await self.listen(wake) }
                    for await _ in wakes {
                        if Task.isCancelled || drain.hasBegun { break }
                        for claim in await claimDue() { start(claim, in: &turns, wake) }
                        await heartbeat()
                    }
                    group.cancelAll()
                }
                await letTurnsEnd(in: &turns, wakes, wake)
            }
        } onGracefulShutdown: { [drain] in
            drain.begin()
            wake.yield()
        }
    }

    /// Marks the claim as in work and starts its turn, in one step: a lease without a turn is taken back.
    private func start(_ claim: Claim, in turns: inout DiscardingTaskGroup, _ wake: AsyncStream<Void>.Continuation) {
        let lane = environment.settings.lanes.firstIndex { $0.priorities.contains(claim.priority) } ?? 0
        working.began(claim, lane: lane)
        let turn = AthleteSync(environment: environment, claim: claim, pace: pace, drain: drain)
        turns.addTask {
            await self.ended(claim, await turn.run())
            wake.yield()
        }
    }

    /// Waits until the last turn has ended, at most `drainMax`; then cancels those that are left.
    private func letTurnsEnd(
        in turns: inout DiscardingTaskGroup, _ wakes: AsyncStream<Void>, _ wake: AsyncStream<Void>.Continuation
    ) async {
        await environment.governor.stopPermitting()
        let deadline = environment.clock.now.addingTimeInterval(Self.drainMax.seconds)
        turns.addTask { [clock = environment.clock] in
            do { try await clock.sleep(until: deadline) } catch {}
            wake.yield()
        }
        wake.yield()
        for await _ in wakes where working.isEmpty || environment.clock.now >= deadline { break }
        if !working.isEmpty {
            environment.logger.log(.notice, "calls in flight cut, they will be made again", [.count: working.count])
        }
        turns.cancelAll()
    }

    private func tick(_ wake: AsyncStream<Void>.Continuation) async {
        while !Task.isCancelled {
            wake.yield()
            tellSilence()
            do { try await environment.clock.sleep(for: .seconds(environment.settings.tick_s)) } catch { break }
        }
    }

    private func listen(_ wake: AsyncStream<Void>.Continuation) async {
        for await _ in environment.database.notifications(on: "sync") { wake.yield() }
    }

    /// One look at the schedule. Trouble with the database is logged once and tried again at the next look.
    private func claimDue() async -> [Claim] {
        let now = environment.clock.now
        lookBeganAt = now
        defer { lookEnded() }
        do {
            try await keepLeases(now: now)
            await keepHouse(now: now)
            let lanes = freeLanes(now: now)
            if lanes.isEmpty { return [] }
            if try await schedule.pausedUntil(now: now) != nil { return [] }
            let claims = try await schedule.claim(lanes: lanes, owner: owner, now: now, lease_s: environment.settings.lease_s)
            scheduleOutage.isOver(environment.logger)
            return claims
        } catch {
            // The claim may have been made, and only its answer lost.
            working.mayHoldOthers = true
            if !error.isCancellation, !Task.isCancelled { scheduleOutage.met(error, environment.logger) }
            return []
        }
    }

    private func freeLanes(now: Date) -> [ScheduleTable.Lane] {
        let claimsMax = storeTrouble.claimsMax(at: now) ?? .max
        return environment.settings.lanes.enumerated().compactMap { index, lane in
            let free = min(lane.places - working.count(lane: index), claimsMax)
            return free > 0 ? (lane.priorities, free) : nil
        }
    }

    /// Holds the leases of the turns in work, and takes back those that no turn has.
    private func keepLeases(now: Date) async throws {
        let isTime = now.timeIntervalSince(renewedAt) >= environment.settings.lease_s / 3
        if isTime, !working.isEmpty {
            try await schedule.renew(working, owner: owner, now: now, lease_s: environment.settings.lease_s)
        }
        if isTime || working.mayHoldOthers {
            working.mayHoldOthers = false
            do {
                let count = try await schedule.takeBack(besides: working, owner: owner, now: now)
                if count > 0 { environment.logger.log(.notice, "leases without a turn taken back", [.count: count]) }
            } catch {
                working.mayHoldOthers = true
                throw error
            }
        }
        if isTime { renewedAt = now }
    }

    /// What is no part of claiming never keeps anybody from being claimed.
    private func keepHouse(now: Date) async {
        do {
            try await tellDemand(now: now)
            try await setPace(now: now)
            housekeepingOutage.isOver(environment.logger)
        } catch {
            if !error.isCancellation, !Task.isCancelled { housekeepingOutage.met(error, environment.logger) }
        }
    }

    /// A look that takes longer than this without an error is told, in seconds: a cable that was pulled gives none for minutes.
    private static let silence_s: Double = 15

    private func tellSilence() {
        guard let began = lookBeganAt, !silenceIsTold else { return }
        let seconds = environment.clock.now.timeIntervalSince(began)
        guard seconds >= Self.silence_s else { return }
        silenceIsTold = true
        environment.logger.log(.error, "postgresql does not answer", [.durationMS: Int(seconds * 1000)])
    }

    private func lookEnded() {
        if silenceIsTold, let began = lookBeganAt {
            let seconds = environment.clock.now.timeIntervalSince(began)
            environment.logger.log(.notice, "postgresql answers again, or its connection was given up", [.durationMS: Int(seconds * 1000)])
        }
        (lookBeganAt, silenceIsTold) = (nil, false)
    }

    /// Time between two counts of what is to be done, in seconds.
    private static let demandInterval_s: Double = 30

    private func tellDemand(now: Date) async throws {
        guard now.timeIntervalSince(demandToldAt) >= Self.demandInterval_s else { return }
        demandToldAt = now
        // What is missing now, and what the rhythm takes of the rest of the day.
        let missing = try await schedule.knownDemand(now: now)
        await environment.governor.expectDemand(missing.map { $0 + (pace?.callsLeftToday(at: now) ?? 0) })
    }

    /// Time between two looks at how much all athletes together need, in seconds.
    private static let paceInterval_s: Double = 900

    private func setPace(now: Date) async throws {
        guard now.timeIntervalSince(pacedAt) >= Self.paceInterval_s else { return }
        pacedAt = now
        try await schedule.forgetRuns(endedBefore: now.addingTimeInterval(-environment.settings.runsKept_s))
        try await schedule.forgetEvents(receivedBefore: now.addingTimeInterval(-environment.settings.eventsKept_s))
        guard let day = await environment.governor.snapshot().windows.first(where: { $0.span == .day }) else { return }
        var pace = SyncPace(load: try await schedule.fleetLoad(now: now), dayLimit: day.limit, settings: environment.settings)
        if try await eventsAreHealthy(now: now) { pace.eventStretch = environment.settings.eventStretch }
        self.pace = pace
    }

    /// While events tell what is new, lists are looked at less often; when they stop, as if there had never been any.
    private func eventsAreHealthy(now: Date) async throws -> Bool {
        let health = try await EventHealth.read(environment.database, now: now)
        if health.state != eventState {
            let unannounced = health.found - health.announced
            switch health.state {
            case .none: break
            case .healthy: environment.logger.log(.info, "events arrive, lists are looked at less often", [.count: health.announced])
            case .silent:
                environment.logger.log(
                    .warning, "events have stopped, lists are looked at as often as without them: see fitnessctl status",
                    [.count: unannounced])
            }
        }
        eventState = health.state
        return health.state == .healthy
    }

    private func ended(_ claim: Claim, _ report: TurnReport) {
        working.ended(claim, isWritten: report.isEndWritten)
        if let error = report.storeError {
            if storeTrouble.met(at: environment.clock.now) {
                environment.logger.log(
                    .error, "postgresql can't store what was fetched: one athlete at a time tries again", [.error: "\(error)"])
            }
        } else if report.isEndWritten, !report.isCancelled, storeTrouble.ended() {
            environment.logger.log(.notice, "postgresql stores again", [:])
        }
    }

    private func takeUp() async {
        do {
            try await schedule.takeUp(now: environment.clock.now)
        } catch {
            if error.isCancellation { return }
            environment.logger.log(.warning, "what a sample left out not taken up", [.error: "\(error)"])
        }
    }

    private func giveBack() async {
        do {
            _ = try await schedule.takeBack(besides: TurnsInWork(), owner: owner, now: environment.clock.now)
        } catch {
            environment.logger.log(.warning, "leases not given back, they will run out", [.error: "\(error)"])
        }
    }
}
