import Foundation

/// One instant as this machine sees it twice: the wall clock, which may be wrong or be set, and the seconds since some fixed
/// point, which only run forward. All decisions take it as a parameter.
package struct Moment: Sendable, Equatable {
    package let wall: Date
    package let uptime_s: Double

    package init(wall: Date, uptime_s: Double) {
        self.wall = wall
        self.uptime_s = uptime_s
    }

    /// The wall clock's time after `seconds` more.
    func wall(after seconds: Double) -> Date { wall.addingTimeInterval(seconds) }
}
