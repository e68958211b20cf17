/// Can this process do its work: is the database there, and does it have the tables that this version expects?
struct Readiness: Sendable {
    enum State: Sendable, Equatable {
        case ready
        case databaseUnreachable
        case migrationsPending(Int)
    }

    /// Whoever asks (a load balancer, an orchestrator) waits no longer.
    static let waitMax = Duration.seconds(3)

    let pendingMigrations: Gateway.PendingMigrations

    /// A database that doesn't answer in time counts as unreachable.
    func check() async -> State {
        await withTaskGroup(of: State?.self) { group in
            group.addTask { await ask() }
            group.addTask {
                try? await Task.sleep(for: Self.waitMax)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .databaseUnreachable
        }
    }

    private func ask() async -> State {
        do {
            let pending = try await pendingMigrations()
            return pending.isEmpty ? .ready : .migrationsPending(pending.count)
        } catch {
            return .databaseUnreachable
        }
    }
}
