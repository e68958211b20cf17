import Governor
import Sync

/// What is simulated. Times are in the unit that the name ends with.
package struct Scenario: Sendable {
    /// The athletes' state at the start.
    package enum Start: Sendable {
        /// All connect at once; nothing has landed.
        case empty
        /// All histories have landed, and looks and walks are under way.
        case loaded
    }

    package let name: String
    package var athletes: Int
    package var start: Start
    package var hours: Double = 168
    package var limit = RateLimit(quarter: 600, day: 30_000)
    package var policy = DayPolicy.automatic
    package var settings = SyncSettings()
    /// How long one call takes, there and back.
    package var latency_s = 0.2...0.6
    /// Calls of others with the same application.
    package var foreignPerHour = 0.0
    /// Activities of an athlete's past: the median of a log-normal spread.
    package var historyMedian = 300.0
    package var historyMax = 10_000
    /// Athletes that connect during the time, evenly spread.
    package var newcomersPerDay = 4.0
    /// One more athlete connects at the start, with a history of `historyMax`.
    package var hasGiant = true
    /// Time between two estimates of when each history will be complete, the first one after a quarter hour; 0: none.
    package var estimateEvery_s = 0.0

    package init(name: String, athletes: Int, start: Start) {
        self.name = name
        self.athletes = athletes
        self.start = start
    }

    /// The columns of the table.
    package static func all(hours: Double = 168) -> [Scenario] {
        var all = [
            Scenario(name: "1,000 new", athletes: 1_000, start: .empty),
            Scenario(name: "1,000 new, day spent at once", athletes: 1_000, start: .empty),
            Scenario(name: "10,000 new", athletes: 10_000, start: .empty), Scenario(name: "1,000 loaded", athletes: 1_000, start: .loaded),
            Scenario(name: "10,000 loaded", athletes: 10_000, start: .loaded),
            Scenario(name: "100 new, nobody else", athletes: 100, start: .empty),
        ]
        all[1].policy = .spend
        all[5].newcomersPerDay = 0
        for index in all.indices {
            all[index].hours = hours
            all[index].estimateEvery_s = all[index].start == .empty ? 3_600 : 0
        }
        return all
    }
}
