import Core
import Foundation
import Logging
import ServiceLifecycle

/// Recurring work that belongs to no athlete's turn: it tells the governor the day's demand, sets the pace of looks and walks, measures the
/// database, and deletes old turns, events and entries of the audit. None of it delays a claim.
public actor Housekeeper: Service {
    private enum Chore: CaseIterable {
        case pace, demand, pruning, size

        /// Seconds from one time to the next.
        var interval_s: Double {
            switch self {
            case .demand: 30
            case .pace, .pruning: 900
            case .size: 3_600
            }
        }
    }

    private let environment: SyncEnvironment
    private let scheduler: SyncScheduler
    private let schedule: ScheduleQueries
    private let outage = Outage("housekeeping failed, retrying", over: "housekeeping works again", level: .warning)
    private var dueAt: [Chore: Date] = [:]
    private var pace: SyncPace?
    private var eventState = EventHealth.State.none

    public init(environment: SyncEnvironment, scheduler: SyncScheduler) {
        self.environment = environment
        self.scheduler = scheduler
        schedule = ScheduleQueries(database: environment.steering)
    }

    /// Sets the first pace. Call it before the scheduler runs: a turn without one looks as often as if its athlete were alone.
    public func start() async { await perform([.pace]) }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
    }

    private func work() async {
        while !Task.isCancelled {
            await perform(Chore.allCases)
            do { try await environment.clock.sleep(for: .seconds(Chore.demand.interval_s)) } catch { break }
        }
    }

    /// Does those of `chores` that are due. One that fails is due again in the next round and keeps no other from being done.
    private func perform(_ chores: [Chore]) async {
        let now = environment.clock.now
        var failure: (any Error)?
        for chore in chores where dueAt[chore].map({ $0 <= now }) ?? true {
            do {
                try await perform(chore, now: now)
                dueAt[chore] = now.addingTimeInterval(chore.interval_s)
            } catch { failure = failure ?? error }
        }
        guard let failure else { return outage.isOver(environment.logger) }
        if !failure.isCancellation, !Task.isCancelled { outage.met(failure, environment.logger) }
    }

    private func perform(_ chore: Chore, now: Date) async throws {
        switch chore {
        case .pace: try await setPace(now: now)
        case .demand:
            // Calls that are missing now, and what looks and walks take for the rest of the day.
            let missing = try await schedule.knownDemand(now: now)
            await environment.governor.expectDemand(missing.map { $0 + (pace?.callsLeftToday(at: now) ?? 0) })
        case .pruning:
            try await schedule.forgetRuns(endedBefore: now.addingTimeInterval(-environment.settings.runsKept_s))
            try await schedule.forgetEvents(receivedBefore: now.addingTimeInterval(-environment.settings.eventsKept_s))
            try await AuditDesk(database: environment.database, clock: environment.clock).prune()
        case .size: try await DatabaseSize.measure(environment.database, now: now)
        }
    }

    private func setPace(now: Date) async throws {
        guard let day = await environment.governor.snapshot().windows.first(where: { $0.span == .day }) else { return }
        var pace = SyncPace(load: try await schedule.fleetLoad(now: now), dayLimit: day.limit, settings: environment.settings)
        if try await eventsAreHealthy(now: now) { pace.eventStretch = environment.settings.eventStretch }
        self.pace = pace
        await scheduler.adopt(pace)
    }

    /// While events announce what is new, lists are looked at less often; when they stop, as often as without events.
    private func eventsAreHealthy(now: Date) async throws -> Bool {
        let health = try await EventHealth.read(environment.database, now: now)
        if health.state != eventState {
            switch health.state {
            case .none: break
            case .healthy: environment.logger.log(.info, "events arrive, lists are looked at less often", [.count: health.announced])
            case .silent:
                environment.logger.log(
                    .warning, "events have stopped, lists are looked at as often as without them: see fitnessctl status",
                    [.count: health.found - health.announced])
            }
        }
        eventState = health.state
        return health.state == .healthy
    }
}
