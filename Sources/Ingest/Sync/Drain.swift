import Synchronization

/// Says once that the daemon is stopping: turns end before their next call, and what is in flight lands.
final class Drain: Sendable {
    private let begun = Atomic<Bool>(false)

    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    func begin() { begun.store(true, ordering: .releasing) }
}
