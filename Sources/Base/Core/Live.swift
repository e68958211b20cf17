import Synchronization

/// A value that may be replaced while others use it: a setting that a reload changes. Copies of what holds it see the change, too.
///
/// Whoever needs the same value twice reads it once and keeps it.
public final class Live<Value: Sendable>: Sendable {
    private let held: Mutex<Value>

    public init(_ value: Value) { held = Mutex(value) }

    public var value: Value { held.withLock { $0 } }

    public func replace(with value: Value) { held.withLock { $0 = value } }
}
