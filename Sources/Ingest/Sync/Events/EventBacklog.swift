import Synchronization

/// Whether events wait too long to be written. Strava waits two seconds for an answer and gives up an event after three tries, whereas no turn is
/// in such a hurry: until the inbox has caught up, the scheduler begins turns only when none is in work, which leaves processors and database to
/// the events.
public final class EventBacklog: Sendable {
    /// A group that shares a commit takes a few milliseconds.
    private static let waitMax: Duration = .milliseconds(50)

    private let oldest = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    /// When the event that has waited longest arrived; nil: none waits.
    func note(oldest instant: ContinuousClock.Instant?) { oldest.withLock { $0 = instant } }

    var isLate: Bool { oldest.withLock { $0.map { $0.duration(to: .now) > Self.waitMax } ?? false } }
}
