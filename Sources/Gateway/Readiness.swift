import Core
import Database

/// Whether this process can work: the database answers, can be written, and has this version's tables.
///
/// At most one probe is under way, however many callers wait for it. It outlives callers that time out, so that each gets an answer whatever
/// the database does.
actor Readiness {
    enum State: Sendable, Equatable {
        case ready
        case databaseUnreachable
        case diskFull
        case migrationsPending(Int)
        /// The process itself says that it can't work, in one sentence.
        case held(String)
    }

    /// No caller (a load balancer, an orchestrator) waits longer.
    static let waitMax = Duration.seconds(3)

    private let pendingMigrations: Gateway.PendingMigrations
    private let clock: WallClock
    private var probeBeganAt_s: Double?
    private var nextID = 0
    private var callers: [Int: CheckedContinuation<State, Never>] = [:]

    init(clock: WallClock = .system, pendingMigrations: @escaping Gateway.PendingMigrations) {
        self.clock = clock
        self.pendingMigrations = pendingMigrations
    }

    /// A database that doesn't answer within `waitMax` counts as unreachable.
    func check() async -> State {
        if let probeBeganAt_s, clock.uptime_s - probeBeganAt_s >= Self.waitMax.seconds { return .databaseUnreachable }
        startProbe()
        nextID += 1
        let id = nextID
        // Not child tasks, here and in `startProbe`: the caller must not have to wait for their end.
        let limit = Task {
            try await clock.sleep(for: Self.waitMax)
            callers.removeValue(forKey: id)?.resume(returning: .databaseUnreachable)
        }
        defer { limit.cancel() }
        return await withCheckedContinuation { callers[id] = $0 }
    }

    private func startProbe() {
        guard probeBeganAt_s == nil else { return }
        probeBeganAt_s = clock.uptime_s
        Task {
            let state = await probe()
            probeBeganAt_s = nil
            for caller in callers.values { caller.resume(returning: state) }
            callers = [:]
        }
    }

    private func probe() async -> State {
        do {
            let pending = try await pendingMigrations()
            return pending.isEmpty ? .ready : .migrationsPending(pending.count)
        } catch {
            if let reason = (error as? NotReady)?.reason { return .held(reason) }
            if (error as? DatabaseError)?.code == .migration { return .held("the database was upgraded by a newer fitnessd") }
            return (error as? DatabaseError)?.isDiskFull == true ? .diskFull : .databaseUnreachable
        }
    }
}

/// Thrown by `Gateway.PendingMigrations`: this process must get no work for now.
public struct NotReady: Error {
    let reason: String

    /// - Parameter reason: one sentence without its full stop; everybody may read it.
    public init(_ reason: String) { self.reason = reason }
}
