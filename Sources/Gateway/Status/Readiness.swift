import Database

/// Can this process do its work: is the database there, can it be written, and does it have the tables that this version expects?
///
/// One probe is under way at most, however many ask, and it outlives those who wait no longer: whatever the database does, they are answered.
actor Readiness {
    enum State: Sendable, Equatable {
        case ready
        case databaseUnreachable
        case diskFull
        case migrationsPending(Int)
    }

    /// Whoever asks (a load balancer, an orchestrator) waits no longer.
    static let waitMax = Duration.seconds(3)

    private let pendingMigrations: Gateway.PendingMigrations
    private var probeStartedAt: ContinuousClock.Instant?
    private var nextID = 0
    private var waiting: [Int: CheckedContinuation<State, Never>] = [:]

    init(pendingMigrations: @escaping Gateway.PendingMigrations) { self.pendingMigrations = pendingMigrations }

    /// A database that doesn't answer in time counts as unreachable.
    func check() async -> State {
        if let probeStartedAt, probeStartedAt.duration(to: .now) >= Self.waitMax { return .databaseUnreachable }
        startProbe()
        nextID += 1
        let id = nextID
        // Not child tasks, here and in `startProbe`: who asked must not have to wait for their end.
        let limit = Task {
            try await Task.sleep(for: Self.waitMax)
            waiting.removeValue(forKey: id)?.resume(returning: .databaseUnreachable)
        }
        defer { limit.cancel() }
        return await withCheckedContinuation { waiting[id] = $0 }
    }

    private func startProbe() {
        guard probeStartedAt == nil else { return }
        probeStartedAt = .now
        Task {
            let state = await ask()
            probeStartedAt = nil
            for asker in waiting.values { asker.resume(returning: state) }
            waiting = [:]
        }
    }

    private func ask() async -> State {
        do {
            let pending = try await pendingMigrations()
            return pending.isEmpty ? .ready : .migrationsPending(pending.count)
        } catch {
            return (error as? DatabaseError)?.isDiskFull == true ? .diskFull : .databaseUnreachable
        }
    }
}
