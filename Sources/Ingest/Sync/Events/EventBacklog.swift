import Synchronization

/// Whether events wait too long to be written. Strava waits two seconds for an answer and gives up an event after three tries, whereas no turn is
/// in such a hurry: until the inbox has caught up, the scheduler begins a turn only once a second, which leaves processors and database to the
/// events.
public final class EventBacklog: Sendable {
    /// A group that shares a commit takes a few milliseconds on an idle machine.
    private static let waitMax: Duration = .milliseconds(10)
    /// An event that has waited too long counts so long after it was written: otherwise the turns that began in a short calm would bring the
    /// next backlog.
    private static let calmAfter: Duration = .seconds(1)

    static let turnEvery_s: Double = 1

    private struct State {
        var oldest: ContinuousClock.Instant?
        var lateUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    public init() {}

    /// When the event that has waited longest arrived; nil: none waits. To be called with each group that is written.
    func note(oldest instant: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        state.withLock {
            if Self.isLate($0, now) { $0.lateUntil = now + Self.calmAfter }
            $0.oldest = instant
        }
    }

    var isLate: Bool {
        let now = ContinuousClock.now
        return state.withLock { Self.isLate($0, now) || $0.lateUntil.map { now < $0 } ?? false }
    }

    private static func isLate(_ state: State, _ now: ContinuousClock.Instant) -> Bool {
        state.oldest.map { $0.duration(to: now) > waitMax } ?? false
    }
}
