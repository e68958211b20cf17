import Core
import Foundation

/// What a test does to a manual clock.
extension WallClock {
    /// Moves a manual clock forward and wakes, in the order of their deadlines, all sleepers that are due.
    public func advance(by duration: Duration) { handles.advance(by: duration) }

    /// The deadlines that tasks are sleeping towards on a manual clock, earliest first.
    public var deadlines: [Date] { handles.deadlines }

    /// Waits until at least `count` tasks sleep on this manual clock.
    public func waitForSleepers(_ count: Int = 1) async { await handles.waitForSleepers(count) }

    private var handles: ManualTime {
        guard let manual else { fatalError("only a manual clock can be moved") }
        return manual
    }
}
