import Foundation

/// What an instance tells the quota ledger about one quarter hour and its day, and how many calls it asks for. All counts are totals of
/// this instance, not differences, so telling the same twice changes nothing.
package struct QuotaRequest: Sendable, Equatable {
    package let quarter: QuotaWindow
    /// Rises with each request of an instance, so that a request that arrives late is not mistaken for the newest.
    package let sequence: Int
    /// Calls of this quarter hour that this instance made or may still make without asking again.
    package var kept: Int
    /// Of those, the calls that certainly arrived within the quarter hour.
    package var settled: Int
    /// Calls that are certainly in the usage told here, for the quarter hour and for the day.
    package var quarterIncluded: Int
    package var dayIncluded: Int
    /// The same for the calls of all instances together.
    package var quarterAllIncluded = 0
    package var dayAllIncluded = 0
    package var quarterUsage: WindowUsage
    package var dayUsage: WindowUsage
    package var quarterExhausted: Bool
    package var dayExhausted: Bool
    package var limits: LearnedLimits
    /// Further calls asked for; 0: only tell.
    package var want: Int
    /// Ask for the quarter hour's probe where limits in doubt leave nothing.
    package var wantsProbe = false

    package var day: QuotaWindow { quarter.day }
}

/// The ledger's reply: what is granted, and what all instances together have done.
package struct QuotaReply: Sendable, Equatable {
    package struct Window: Sendable, Equatable {
        /// Calls taken by all instances, including those granted now.
        package var leased = 0
        package var included = 0
        /// The part of both counts that belongs to the instance that asked.
        package var ownLeased = 0
        package var ownIncluded = 0
        /// Calls of other instances that certainly arrived within the window.
        package var othersSettled = 0
        /// Calls of all instances that are certainly in the usage, as one of them saw it: more than `included` where an instance's header
        /// shows calls of another one.
        package var allIncluded = 0
        /// Calls taken in the previous window that may arrive in this one.
        package var carried = 0
        package var usage = WindowUsage()
        package var exhausted = false

        package init() {}

        /// Counts what is granted now.
        mutating func add(_ granted: Int) {
            leased += granted
            ownLeased += granted
        }

        /// The rule that sync.quota_turn() states in SQL; a test compares the two.
        package func free(_ limits: LearnedLimits.Bucketed) -> Int {
            if exhausted { return 0 }
            let counted = carried + leased
            let outstanding = max(0, counted - max(included, allIncluded))
            let overall = limits.overall - max(counted, usage.overall + outstanding)
            let read = (limits.read ?? .max) - max(counted, usage.read + outstanding)
            return max(0, min(overall, read))
        }
    }

    package var granted = 0
    /// The one call granted is the quarter hour's probe.
    package var isProbe = false
    /// The latest quarter hour for which a probe was granted to any instance.
    package var probed: QuotaWindow?
    package var quarter = Window()
    package var day = Window()
    package var limits: LearnedLimits
}
