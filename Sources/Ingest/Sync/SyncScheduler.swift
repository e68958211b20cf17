import Core
import Database
import Foundation
import Logging
import ServiceLifecycle
import SyncStore

/// Claims due athletes and runs a turn for each. It stores nothing: who is due, who holds the lease and what was requested is in
/// `sync.schedule`.
///
/// It reads the schedule when notified, when a turn ends and once a tick. This loop feeds systemd's watchdog.
public actor SyncScheduler: Service {
    private let environment: SyncEnvironment
    private let schedule: ScheduleQueries
    private let owner: UUID
    private let heartbeat: @Sendable () async -> Void
    private var working = TurnsInWork()
    private var storeTrouble = StoreTrouble()
    private var renewedAt = Date.distantPast
    private var pace: SyncPace?
    private let scheduleOutage = Outage("schedule can't be read, retrying", over: "schedule can be read again")
    /// When the claim under way began.
    private var claimBeganAt: Date?
    private var isSilenceLogged = false
    private let drain = Drain()

    /// How long a stop waits for calls in flight and for their answers to land; most take less than a second. Calls that take longer are
    /// cancelled, and made again after the next start.
    public static let drainMax: Duration = .seconds(6)

    /// - Parameters:
    ///   - owner: written into leases. It stays the same from start to start and no two processes have it at once, so that leases of a
    ///     crashed predecessor can be released at the start.
    ///   - heartbeat: called after each look at the schedule.
    public init(environment: SyncEnvironment, owner: UUID, heartbeat: @escaping @Sendable () async -> Void = {}) {
        self.environment = environment
        self.owner = owner
        self.heartbeat = heartbeat
        schedule = ScheduleQueries(database: environment.steering)
    }

    /// The pace of the turns that start from now on.
    func adopt(_ pace: SyncPace) { self.pace = pace }

    /// Works until graceful shutdown, which is a drain: no claims and no new calls; calls in flight end and land.
    public func run() async throws {
        await releaseLeases()
        await resumeUnsampled()
        await work()
        // A task of its own: after a cancellation the leases are still to be released.
        await Task { await releaseLeases() }.value
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
                await waitForTurns(in: &turns, wakes, wake)
            }
        } onGracefulShutdown: { [drain] in
            drain.begin()
            wake.yield()
        }
    }

    /// Notes the claim and starts its turn in one step, since `holdLeases` releases leases without a turn.
    private func start(_ claim: Claim, in turns: inout DiscardingTaskGroup, _ wake: AsyncStream<Void>.Continuation) {
        let lane = environment.settings.lanes.firstIndex { $0.priorities.contains(claim.priority) } ?? 0
        working.began(claim, lane: lane)
        let turn = AthleteSync(environment: environment, claim: claim, pace: pace, drain: drain)
        turns.addTask {
            await self.ended(claim, await turn.run())
            wake.yield()
        }
    }

    /// Waits for the turns to end, at most `drainMax`; then cancels the rest.
    private func waitForTurns(
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
            environment.logger.log(.notice, "calls in flight cancelled, they will be made again after the next start", [.count: working.count])
        }
        turns.cancelAll()
    }

    private func tick(_ wake: AsyncStream<Void>.Continuation) async {
        while !Task.isCancelled {
            wake.yield()
            logSilence()
            do { try await environment.clock.sleep(for: .seconds(environment.settings.tick_s)) } catch { break }
        }
    }

    private func listen(_ wake: AsyncStream<Void>.Continuation) async {
        for await _ in environment.database.notifications(on: "sync") { wake.yield() }
    }

    /// Claims as many athletes as there are free places. Trouble with the database is logged once and retried with the next look.
    private func claimDue() async -> [Claim] {
        let now = environment.clock.now
        claimBeganAt = now
        defer { claimEnded() }
        do {
            try await holdLeases(now: now)
            let lanes = freeLanes(now: now)
            if lanes.isEmpty { return [] }
            if try await schedule.pausedUntil(now: now) != nil { return [] }
            let claims = try await schedule.claim(lanes: lanes, owner: owner, now: now, lease_s: environment.settings.lease_s)
            scheduleOutage.isOver(environment.logger)
            return claims
        } catch {
            // The claim may have been committed and only its answer lost.
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

    /// Renews the leases of the turns in work, and releases leases in this process's name that have no turn.
    private func holdLeases(now: Date) async throws {
        let isTime = now.timeIntervalSince(renewedAt) >= environment.settings.lease_s / 3
        if isTime, !working.isEmpty {
            try await schedule.renew(working, owner: owner, now: now, lease_s: environment.settings.lease_s)
        }
        if isTime || working.mayHoldOthers {
            working.mayHoldOthers = false
            do {
                let count = try await schedule.takeBack(besides: working, owner: owner, now: now)
                if count > 0 { environment.logger.log(.notice, "leases without a turn released", [.count: count]) }
            } catch {
                working.mayHoldOthers = true
                throw error
            }
        }
        if isTime { renewedAt = now }
    }

    /// Seconds after which a statement without answer or error is logged: after a network failure TCP reports nothing for minutes.
    private static let silence_s: Double = 15

    private func logSilence() {
        guard let began = claimBeganAt, !isSilenceLogged else { return }
        let seconds = environment.clock.now.timeIntervalSince(began)
        guard seconds >= Self.silence_s else { return }
        isSilenceLogged = true
        environment.logger.log(.error, "postgresql does not answer", [.durationMS: Int(seconds * 1000)])
    }

    private func claimEnded() {
        if isSilenceLogged, let began = claimBeganAt {
            let seconds = environment.clock.now.timeIntervalSince(began)
            environment.logger.log(.notice, "postgresql answers again, or its connection was dropped", [.durationMS: Int(seconds * 1000)])
        }
        (claimBeganAt, isSilenceLogged) = (nil, false)
    }

    private func ended(_ claim: Claim, _ report: TurnReport) {
        working.ended(claim, isWritten: report.isEndWritten)
        if let error = report.storeError {
            if storeTrouble.met(at: environment.clock.now) {
                environment.logger.log(
                    .error, "postgresql can't store answers, one athlete at a time retries", [.error: "\(error)"])
            }
        } else if report.isEndWritten, !report.isCancelled, storeTrouble.ended() {
            environment.logger.log(.notice, "postgresql stores answers again", [:])
        }
    }

    private func resumeUnsampled() async {
        do {
            try await schedule.takeUp(now: environment.clock.now)
        } catch {
            if error.isCancellation { return }
            environment.logger.log(.warning, "activities beyond the former sample not resumed", [.error: "\(error)"])
        }
    }

    private func releaseLeases() async {
        do {
            _ = try await schedule.takeBack(besides: TurnsInWork(), owner: owner, now: environment.clock.now)
        } catch {
            environment.logger.log(.warning, "leases not released, they will expire", [.error: "\(error)"])
        }
    }
}
