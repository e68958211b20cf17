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
    /// While they are late, a turn of each lane begins only once a second.
    public nonisolated let events: EventBacklog
    private let heartbeat: @Sendable () async -> Void
    private var working = TurnsInWork()
    private var storeTrouble = StoreTrouble()
    private var renewedAt = Date.distantPast
    /// When turns last began.
    private var claimedAt = Date.distantPast
    private var pace: SyncPace?
    /// Whether what earlier settings left in the ledger follows the present ones.
    private var hasAdopted = false
    /// Turns that began with earlier settings, and leave in the ledger what those want.
    private var earlierTurns: Set<TurnsInWork.Turn> = []
    private let adoptOutage = Outage(
        "work left by earlier settings not adopted, retrying", over: "work left by earlier settings adopted", level: .warning)
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
    public init(
        environment: SyncEnvironment, owner: UUID, events: EventBacklog = EventBacklog(),
        heartbeat: @escaping @Sendable () async -> Void = {}
    ) {
        self.environment = environment
        self.owner = owner
        self.events = events
        self.heartbeat = heartbeat
        schedule = ScheduleQueries(database: environment.steering)
    }

    /// The pace of the turns that start from now on.
    func adopt(_ pace: SyncPace) { self.pace = pace }

    /// Works with these settings from now on; turns in work end with the old ones.
    public func adopt(_ settings: SyncSettings) {
        environment.adopt(settings)
        earlierTurns = working.turns
        hasAdopted = false
    }

    /// Works until graceful shutdown, which is a drain: no claims and no new calls; calls in flight end and land.
    public func run() async throws {
        await releaseLeases()
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
                        await adoptSettings()
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
            environment.logger.log(
                .notice, "calls in flight cancelled, they will be made again after the next start", [.count: working.count])
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
            if !claims.isEmpty { claimedAt = now }
            return claims
        } catch {
            // The claim may have been committed and only its answer lost.
            working.mayHaveStrays = true
            if !error.isCancellation, !Task.isCancelled { scheduleOutage.met(error, environment.logger) }
            return []
        }
    }

    private func freeLanes(now: Date) -> [ScheduleTable.Lane] {
        let isLate = events.isLate
        let isHeldBack = isLate && (!working.isEmpty || now.timeIntervalSince(claimedAt) < EventBacklog.turnEvery_s)
        let claimsMax = min(storeTrouble.claimsMax(at: now) ?? .max, isHeldBack ? 0 : isLate ? 1 : .max)
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
        if isTime || working.mayHaveStrays {
            working.mayHaveStrays = false
            do {
                let count = try await schedule.releaseOrphans(besides: working, owner: owner, now: now)
                if count > 0 { environment.logger.log(.notice, "leases without a turn released", [.count: count]) }
            } catch {
                working.mayHaveStrays = true
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
                    .error, "postgresql can't store answers, one athlete at a time retries", error)
            }
        } else if report.isEndWritten, storeTrouble.ended() {
            environment.logger.log(.notice, "postgresql stores answers again", [:])
        }
    }

    /// What earlier settings left in the ledger.
    private func adoptSettings() async {
        let left = earlierTurns.intersection(working.turns)
        if left.count < earlierTurns.count { (earlierTurns, hasAdopted) = (left, false) }
        if hasAdopted { return }
        // A reload meanwhile asks for it once more.
        hasAdopted = true
        do {
            try await schedule.resumeSample(now: environment.clock.now)
            if environment.settings.history != .streamsOnly { try await schedule.resumeHistory(now: environment.clock.now) }
            if !environment.settings.fetchesActivityZones { try await schedule.forgetZones() }
            adoptOutage.isOver(environment.logger)
        } catch {
            hasAdopted = false
            if !error.isCancellation, !Task.isCancelled { adoptOutage.met(error, environment.logger) }
        }
    }

    private func releaseLeases() async {
        do {
            _ = try await schedule.releaseOrphans(besides: TurnsInWork(), owner: owner, now: environment.clock.now)
        } catch {
            environment.logger.log(.warning, "leases not released, they will expire", error)
        }
    }
}

/// The turns in work in this process, by athlete and fence. Pure.
///
/// A lease in this process's name without a turn here is a stray: the answer to its claim was lost, or its turn could not write its end.
struct TurnsInWork {
    fileprivate struct Turn: Hashable {
        let athlete: AthleteID
        let fence: Int64
    }

    /// Turns in a row whose end may fail to be written before the athlete has to wait as after any failure.
    private static let unwrittenAtOnce = 2
    /// Athletes counted for that; beyond it all counts are reset.
    private static let unwrittenMax = 10_000

    private var lanes: [Turn: Int] = [:]
    private var unwritten: [AthleteID: Int] = [:]
    /// There may be stray leases.
    var mayHaveStrays = false

    fileprivate var turns: Set<Turn> { Set(lanes.keys) }
    var isEmpty: Bool { lanes.isEmpty }
    var count: Int { lanes.count }
    func count(lane: Int) -> Int { lanes.values.count { $0 == lane } }

    /// Athletes and fences in the order in which rows are locked.
    var leases: (athletes: [AthleteID], fences: [Int64]) {
        let turns = lanes.keys.sorted { $0.athlete < $1.athlete }
        return (turns.map(\.athlete), turns.map(\.fence))
    }

    /// Call it together with the start of the turn's task.
    mutating func began(_ claim: Claim, lane: Int) { lanes[Turn(athlete: claim.athleteID, fence: claim.lease.fence)] = lane }

    mutating func ended(_ claim: Claim, isWritten: Bool) {
        lanes[Turn(athlete: claim.athleteID, fence: claim.lease.fence)] = nil
        if isWritten {
            unwritten[claim.athleteID] = nil
            return
        }
        mayHaveStrays = true
        if unwritten.count >= Self.unwrittenMax { unwritten = [:] }
        unwritten[claim.athleteID, default: 0] += 1
    }

    /// The athletes whose turns' ends repeatedly could not be written, and when each is due again.
    func delayed(at now: Date) -> [(athlete: AthleteID, dueAt: Date)] {
        unwritten.filter { $0.value > Self.unwrittenAtOnce }.map { athlete, count in
            let wait_s = FailureWait.wait_s(athlete, failures: count - Self.unwrittenAtOnce - 1, at: now)
            return (athlete, now.addingTimeInterval(wait_s))
        }
    }
}

/// Trouble of PostgreSQL that ends turns (a restart, read-only mode, a full disk) as one incident instead of a failure of each athlete. Pure.
///
/// While it lasts, one athlete of each lane is claimed at a time, after growing pauses, since each turn may spend a call whose answer can't be
/// stored. The first turn whose end is stored ends it.
struct StoreTrouble {
    private static let pauseFirst_s: Double = 1
    private static let pauseMax_s: Double = 15

    private var incidents = 0
    private var until = Date.distantPast

    private var isOver: Bool { incidents == 0 }

    /// How many athletes of a lane may be claimed now; nil: as many as there are free places.
    func claimsMax(at now: Date) -> Int? {
        if isOver { return nil }
        return now >= until ? 1 : 0
    }

    /// Notes a turn that met it. True: this one opened the incident.
    mutating func met(at now: Date) -> Bool {
        // Turns that were in work together meet it together.
        if now < until { return false }
        let pause_s = min(Self.pauseMax_s, Self.pauseFirst_s * pow(2, Double(min(incidents, 10))))
        incidents += 1
        until = now.addingTimeInterval(pause_s)
        return incidents == 1
    }

    /// Notes that a turn's end was stored. True: that closed the incident.
    mutating func ended() -> Bool {
        let wasInTrouble = !isOver
        (incidents, until) = (0, .distantPast)
        return wasInTrouble
    }

    /// Whether the error means that PostgreSQL can't be reached or can't store anything now, for any athlete.
    static func isMet(in error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        switch error.code {
        case .unreachable, .busy, .commitUnknown: return true
        // read_only_sql_transaction; class 58: system errors, such as a file that can't be read or written.
        default: return error.sqlState.map { $0 == "25006" || $0.hasPrefix("58") } ?? false
        }
    }
}
