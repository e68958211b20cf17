import Foundation

/// Holds threads until a test opens it; once open it stays open.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func open() { semaphore.signal() }

    public func pass() {
        semaphore.wait()
        semaphore.signal()
    }
}
