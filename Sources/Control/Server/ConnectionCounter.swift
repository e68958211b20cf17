import Synchronization

/// Counts connections in work against a limit.
final class ConnectionCounter: Sendable {
    private let max: Int
    private let count = Atomic(0)

    init(max: Int) { self.max = max }

    /// Counts one in; false when that is one too many. `leave()` follows in either case.
    func enter() -> Bool { count.add(1, ordering: .relaxed).newValue <= max }

    func leave() { count.subtract(1, ordering: .relaxed) }
}
