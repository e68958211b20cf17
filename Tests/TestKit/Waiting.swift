import Core
import Foundation

/// Polls until `condition` holds, for what offers no event to await: another process, the kernel.
public func eventually(
    _ what: String, within limit: Duration = .seconds(60), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

private struct NeverHappened: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    var description: String { "\(what): not within \(limit)" }
}

/// Blocks threads until a test opens it; once open it stays open.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func open() { semaphore.signal() }

    public func pass() {
        semaphore.wait()
        semaphore.signal()
    }
}

/// Controls a manual clock.
extension WallClock {
    /// Moves a manual clock forward and wakes all sleepers that are due, in the order of their deadlines.
    public func advance(by duration: Duration) { handles.advance(by: duration) }

    /// The deadlines of the tasks sleeping on a manual clock, earliest first.
    public var deadlines: [Date] { handles.deadlines }

    /// Waits until at least `count` tasks sleep on this manual clock.
    public func waitForSleepers(_ count: Int = 1) async { await handles.waitForSleepers(count) }

    private var handles: ManualTime {
        guard let manual else { fatalError("only a manual clock can be moved") }
        return manual
    }
}
