import Synchronization

/// Whether events wait too long to be written. Strava waits two seconds for an answer and gives up an event after three tries, whereas no turn is
/// in such a hurry: until the inbox has caught up, the scheduler begins a turn only once a second, which leaves processors and database to the
/// events.
public final class EventBacklog: Sendable {
    /// A group that shares a commit takes a few milliseconds on an idle machine.
    private static let waitMax: Duration = .milliseconds(10)

    static let turnEvery_s: Double = 1

    private let oldest = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    /// When the event that has waited longest arrived; nil: none waits.
    func note(oldest instant: ContinuousClock.Instant?) { oldest.withLock { $0 = instant } }

    var isLate: Bool { oldest.withLock { $0.map { $0.duration(to: .now) > Self.waitMax } ?? false } }
}
