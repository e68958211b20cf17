import StravaAPI

/// What is known about the calls counted in one window.
///
/// Two counts bound the calls used: our own, every call that any instance took from the ledger; and Strava's, the highest usage a header
/// named plus every call of ours that this number may not include yet. The greater one holds, in each bucket. So calls of other users count,
/// streams calls count although their answers carry no usage, and calls of unknown outcome count.
struct WindowTally: Sendable {
    /// More entries than this are merged towards the later end, so that a server that never sends headers can't fill the memory.
    private static let uncoveredMax = 4096

    let window: QuotaWindow

    // This instance.
    /// Calls permitted in this window, less those that certainly were not made.
    private(set) var spent = 0
    /// Calls taken from the ledger and not yet permitted; quarter hours only.
    private(set) var held = 0
    /// Calls that certainly arrived within this window. What is taken and not settled may arrive in the next one.
    private(set) var settled = 0
    /// Calls that are certainly in `usage`.
    private(set) var included = 0
    /// Ended calls that a later header will include, in the order of their ends.
    private var uncovered: [(endedAt_s: Double, calls: Int)] = []
    private(set) var uncoveredCount = 0
    /// Calls of the urgent classes, which use up the reserve.
    private(set) var urgentSpent = 0

    // Headers, and what other instances told the ledger.
    private(set) var usage = WindowUsage()
    private var othersTaken = 0
    private var othersIncluded = 0
    /// Calls of other instances that certainly arrived before the ledger said so: calls sent from then on are counted after them.
    private(set) var othersSettled = 0
    /// Calls of all instances together that are certainly in `usage`, as one of them saw it at one time.
    private(set) var allIncluded = 0
    /// Calls of the previous window that may arrive in this one.
    private var carried = 0
    /// Strava answered 429 in this window.
    private(set) var exhausted = false

    init(_ window: QuotaWindow) { self.window = window }

    // MARK: Counts

    /// Calls of ours by our own count.
    private var counted: Int { carried + othersTaken + spent }

    /// Calls of ours, here or elsewhere, that may still raise Strava's count above `usage`.
    private var outstanding: Int { max(0, counted - max(allIncluded, othersIncluded + included)) }

    /// Calls of other instances that may still be in flight, or be given back.
    var outstandingOfOthers: Int { min(outstanding, max(0, othersTaken - othersIncluded)) }

    /// The same with those of the previous window.
    var outstandingElsewhere: Int { min(outstanding, max(0, carried + othersTaken - othersIncluded)) }

    /// Other instances' calls, and calls carried over from the previous window, not yet confirmed as arrived. A usage header may already
    /// include them.
    var unsettledElsewhere: Int { max(0, carried + othersTaken - othersSettled) }

    /// Ended calls that `usage` may not include, and that the header of a call sent at `sentAt_s` (uptime) need not show to be included.
    func uncoveredCount(sentAt_s: Double) -> Int {
        uncovered.reversed().prefix { $0.endedAt_s > sentAt_s }.reduce(0) { $0 + $1.calls }
    }

    /// Calls that others certainly made with the same application.
    var foreign: Int { max(0, max(usage.overall, usage.read) - counted) }

    /// Calls that count as used, in the bucket that leaves least.
    func used(_ limits: LearnedLimits.Bucketed) -> Int { max(0, limits.least - free(limits)) }

    /// How many calls may still be made in the worst case: no outstanding call is in `usage` yet.
    func free(_ limits: LearnedLimits.Bucketed) -> Int {
        let overall = limits.overall - max(counted, usage.overall + outstanding)
        guard let read = limits.read else { return overall }
        return min(overall, read - max(counted, usage.read + outstanding))
    }

    /// How many calls may still be made in the best case: all calls of ours are in `usage`.
    func freeAtBest(_ limits: LearnedLimits.Bucketed) -> Int {
        limits.least - max(counted, usage.overall, usage.read)
    }

    // MARK: Events

    mutating func permitted(isUrgent: Bool) {
        if window.span == .quarter { held -= 1 }
        spent += 1
        if isUrgent { urgentSpent += 1 }
    }

    /// A permitted call was not made.
    /// - Parameter isCurrent: the window still lasts, so the call may be made after all.
    mutating func withdrawn(isUrgent: Bool, isCurrent: Bool) {
        if window.span == .quarter, isCurrent { held += 1 }
        spent -= 1
        if isUrgent { urgentSpent -= 1 }
    }

    /// A call certainly arrived within this window.
    mutating func arrived() { settled += 1 }

    /// Strava counted a call here that was permitted in another window.
    mutating func arrivedUnplanned() { spent += 1 }

    /// Strava answered 429.
    mutating func refused() { exhausted = true }

    mutating func returnHeld() { held = 0 }

    /// A call ended without naming the usage. The header of any call sent from `endedAt_s` (uptime) on includes it.
    mutating func ended(at endedAt_s: Double) {
        uncoveredCount += 1
        let isFull = uncovered.count >= Self.uncoveredMax
        if let last = uncovered.last, isFull || last.endedAt_s >= endedAt_s {
            uncovered[uncovered.count - 1] = (max(last.endedAt_s, endedAt_s), last.calls + 1)
        } else {
            uncovered.append((endedAt_s, 1))
        }
    }

    /// The ledger said what all instances did in this window, and granted calls.
    mutating func received(_ reply: QuotaReply.Window, granted: Int = 0) {
        held += granted
        othersTaken = max(0, reply.leased - reply.ownLeased)
        othersIncluded = max(0, reply.included - reply.ownIncluded)
        othersSettled = reply.othersSettled
        allIncluded = max(allIncluded, reply.allIncluded)
        carried = reply.carried
        usage.merge(reply.usage)
        exhausted = exhausted || reply.exhausted
    }

    /// A call's header named `usage` in this window. The call was sent at `sentAt_s` (uptime), when `othersSettled` calls of other
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

/// The tallies of the newest windows of both spans: a call may be settled after its window.
struct WindowTallies: Sendable {
    /// Windows kept of each span. A call ends within minutes, so the one before the present would do.
    private static let kept = 4

    /// Oldest first.
    private var quarterTallies: [WindowTally] = []
    private var dayTallies: [WindowTally] = []

    /// The quarter hours that have a tally, oldest first.
    var quarters: [QuotaWindow] { quarterTallies.map(\.window) }

    /// The window's tally; an empty one when it has none.
    subscript(window: QuotaWindow) -> WindowTally {
        let known = window.span == .quarter ? quarterTallies : dayTallies
        return known.last { $0.window == window } ?? WindowTally(window)
    }

    /// Changes the window's tally, which begins empty.
    mutating func change(_ window: QuotaWindow, _ body: (inout WindowTally) -> Void) {
        switch window.span {
        case .quarter: Self.change(&quarterTallies, window, body)
        case .day: Self.change(&dayTallies, window, body)
        }
    }

    private static func change(_ list: inout [WindowTally], _ window: QuotaWindow, _ body: (inout WindowTally) -> Void) {
        if let index = list.lastIndex(where: { $0.window == window }) { return body(&list[index]) }
        var fresh = WindowTally(window)
        body(&fresh)
        list.append(fresh)
        list.sort { $0.window < $1.window }
        if list.count > kept { list.removeFirst() }
    }
}

/// The highest usage that a header named in one window, in both buckets. Counters only rise, so a late or reordered header, which is lower,
/// changes nothing.
package struct WindowUsage: Sendable, Equatable {
    package var overall = 0
    package var read = 0

    package init(overall: Int = 0, read: Int = 0) {
        self.overall = overall
        self.read = read
    }

    package mutating func merge(_ other: WindowUsage) {
        overall = max(overall, other.overall)
        read = max(read, other.read)
    }

    /// What `headers` say about `span`; nil when they say nothing. Impossible numbers are clamped to what a limit can be.
    init?(_ headers: RateLimitHeaders?, _ span: QuotaSpan) {
        let named = [headers?.overall, headers?.read].map { pair in
            let value = span == .quarter ? pair?.quarterUsage : pair?.dayUsage
            return value.map { min(max($0, 0), RateLimit.limitMax) }
        }
        guard named.contains(where: { $0 != nil }) else { return nil }
        self.init(overall: named[0] ?? 0, read: named[1] ?? 0)
    }

    /// Whether a bucket has reached its limit.
    func reaches(_ limits: LearnedLimits.Bucketed) -> Bool {
        overall >= limits.overall || read >= (limits.read ?? .max)
    }
}
