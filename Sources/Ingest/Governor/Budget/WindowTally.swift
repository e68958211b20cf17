/// All that is known about the spending in one window.
///
/// Two counts bound it. Our own: every call that any instance leased. Strava's: the highest usage a header named, plus every
/// call of ours that may not be in that number yet. The greater one holds, in each bucket; so foreign spending counts, streams
/// calls count although their answers say nothing, and a call whose fate is unknown counts.
package struct WindowTally: Sendable {
    package let window: QuotaWindow
    /// More entries than this are merged, towards the later end: a simulator that never sends headers must not fill the memory.
    static let uncoveredMax = 4096

    // This instance.
    /// Calls permitted in this window, less those that certainly were not made.
    package internal(set) var spent = 0
    /// Leased and not yet permitted; quarters only.
    package internal(set) var tokens = 0
    /// Calls that certainly arrived within this window; what is leased and not settled may arrive in the next one.
    package internal(set) var settled = 0
    /// Calls that are certainly in `usage`.
    package internal(set) var included = 0
    /// Ended calls that a later header will include, in the order of their ends.
    private var uncovered: [(endedAt_s: Double, calls: Int)] = []
    private(set) var uncoveredCount = 0
    /// Calls of the urgent classes, which use up the reserve.
    package internal(set) var urgentSpent = 0

    // Headers, and what other instances put into the ledger.
    package internal(set) var usage = WindowUsage()
    package internal(set) var othersLeased = 0
    package internal(set) var othersIncluded = 0
    /// Calls of other instances that certainly arrived before the ledger told so: a call sent from then on counts after them.
    package internal(set) var othersSettled = 0
    /// Calls of all instances together that are certainly in `usage`, as far as one of them has seen it at one time.
    package internal(set) var allIncluded = 0
    /// Calls of the window before that may arrive in this one.
    package internal(set) var carried = 0
    /// Strava answered 429 in this window.
    package internal(set) var exhausted = false

    init(_ window: QuotaWindow) { self.window = window }

    /// Calls of ours, here or elsewhere, that may still raise Strava's count above `usage`.
    var outstanding: Int { max(0, counted - max(allIncluded, othersIncluded + included)) }

    /// Ended calls that may or may not be in `usage`, and that the header of a call sent at `sentAt_s` may not show to be in it.
    func uncoveredCount(sentAt_s: Double) -> Int {
        uncovered.reversed().prefix { $0.endedAt_s > sentAt_s }.reduce(0) { $0 + $1.calls }
    }

    /// Calls of other instances that may still be in flight, or be given back.
    var outstandingOfOthers: Int { min(outstanding, max(0, othersLeased - othersIncluded)) }

    /// The same with those of the window before.
    var outstandingElsewhere: Int { min(outstanding, max(0, carried + othersLeased - othersIncluded)) }

    /// Calls of other instances and of the window before of which nobody has told yet that they arrived: a header may show them before it
    /// is known.
    var unsettledElsewhere: Int { max(0, carried + othersLeased - othersSettled) }

    /// Calls of ours by our own count.
    var counted: Int { carried + othersLeased + spent }

    /// Calls that others made with the same application, as far as it is certain.
    var foreign: Int { max(0, max(usage.overall, usage.read) - counted) }

    /// The calls that count as used, by the bucket that leaves least.
    func used(_ limits: LearnedLimits.Bucketed) -> Int { max(0, limits.least - free(limits)) }

    /// How many calls may still be made, in the worst case.
    func free(_ limits: LearnedLimits.Bucketed) -> Int {
        let overall = limits.overall - max(counted, usage.overall + outstanding)
        guard let read = limits.read else { return overall }
        return min(overall, read - max(counted, usage.read + outstanding))
    }

    /// How many calls may still be made if every call of ours is in `usage` already.
    func freeAtBest(_ limits: LearnedLimits.Bucketed) -> Int {
        limits.least - max(counted, usage.overall, usage.read)
    }

    /// A call ended without saying how much is used; the header of any call sent from `endedAt_s` on includes it.
    mutating func ended(at endedAt_s: Double) {
        uncoveredCount += 1
        let isFull = uncovered.count >= Self.uncoveredMax
        if let last = uncovered.last, isFull || last.endedAt_s >= endedAt_s {
            uncovered[uncovered.count - 1] = (max(last.endedAt_s, endedAt_s), last.calls + 1)
        } else {
            uncovered.append((endedAt_s, 1))
        }
    }

    /// The ledger told what all instances did in this window.
    mutating func took(_ answer: QuotaAnswer.Window) {
        othersLeased = max(0, answer.leased - answer.ownLeased)
        othersIncluded = max(0, answer.included - answer.ownIncluded)
        othersSettled = answer.othersSettled
        allIncluded = max(allIncluded, answer.allIncluded)
        carried = answer.carried
        usage.merge(answer.usage)
        exhausted = exhausted || answer.exhausted
    }

    /// The header of a call named `usage` in this window. It was sent at `sentAt_s` (uptime), when `othersSettled` calls of other
    /// instances were known to have arrived.
    mutating func observed(_ usage: WindowUsage, sentAt_s: Double, othersSettled: Int) {
        self.usage.merge(usage)
        included += 1
        let covered = uncovered.prefix { $0.endedAt_s <= sentAt_s }
        let count = covered.reduce(0) { $0 + $1.calls }
        included += count
        uncoveredCount -= count
        uncovered.removeFirst(covered.count)
        allIncluded = max(allIncluded, included + max(othersIncluded, othersSettled))
    }
}
