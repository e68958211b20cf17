import Foundation

/// The one source of time: UTC instants and an uptime, from the system, or from a clock that stands until a test advances it.
///
/// Decisions take `now` as a parameter; only the shells (loops, services) hold a `WallClock` and sleep on it.
public final class WallClock: Sendable {
    /// What a manual clock stands at; nil for the system's clock.
    package let manual: ManualTime?
    private let madeAt = ContinuousClock.now

    private init(manual: ManualTime?) { self.manual = manual }

    /// The system's clock.
    public static let system = WallClock(manual: nil)

    /// A clock that stands at `start` until a test moves it.
    public static func manual(at start: Date) -> WallClock { WallClock(manual: ManualTime(start)) }

    public var now: Date { manual?.now ?? Date() }

    /// Seconds since a fixed instant, which only run forward, whatever is done to the time of day. A manual clock has one time for both.
    public var uptime_s: Double { manual?.now.timeIntervalSince1970 ?? madeAt.duration(to: .now).seconds }

    /// Sleeps until `deadline`; returns at once when it has passed; throws `CancellationError` when the task is cancelled.
    public func sleep(until deadline: Date) async throws {
        if let manual { return try await manual.sleep(until: deadline) }
        let seconds = deadline.timeIntervalSinceNow
        if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) } else { try Task.checkCancellation() }
    }

    public func sleep(for duration: Duration) async throws {
        try await sleep(until: now.addingTimeInterval(duration.seconds))
    }
}

extension Duration {
    /// This duration in seconds.
    public var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
