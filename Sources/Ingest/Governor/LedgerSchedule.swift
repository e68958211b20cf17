/// When the quota ledger is asked, told and read again. At most one exchange is under way. Times are uptimes in seconds. Pure.
struct LedgerSchedule: Sendable {
    /// While something is untold, the ledger is told this often, so that other instances see which calls are included.
    static let tellInterval_s = 2.0
    /// Calls held this long without a grant are given back.
    private static let idleAfter_s = 5.0
    /// While what is left may be with another instance, the ledger is read again after this time, then after twice that, up to `rereadMax_s`.
    private static let rereadInterval_s = 2.0
    private static let rereadMax_s = 30.0

    private(set) var isUnderWay = false
    private var sequence = 0
    private var beganAt_s = -Double.infinity
    private var grantedAt_s = -Double.infinity
    /// No exchange before this time, after one that failed or granted nothing.
    private var retryAt_s = -Double.infinity
    /// When the ledger is read again although nothing is asked or told.
    private var rereadAt_s: Double?
    /// Rereads since the last granted call, for the back-off.
    private var rereads = 0
    /// Quarter hours whose newest counts the ledger does not know.
    private var untold: Set<QuotaWindow> = []

    // MARK: Events

    mutating func began(at now_s: Double) {
        isUnderWay = true
        beganAt_s = now_s
        if rereadAt_s != nil {
            rereadAt_s = nil
            rereads += 1
        }
    }

    mutating func ended() { isUnderWay = false }

    mutating func failed(untold quarters: [QuotaWindow], retryAt_s: Double) {
        isUnderWay = false
        untold.formUnion(quarters)
        self.retryAt_s = retryAt_s
    }

    mutating func nothingGranted(at now_s: Double) { retryAt_s = now_s + Self.rereadInterval_s }

    /// A call was permitted.
    mutating func granted(at now_s: Double) {
        grantedAt_s = now_s
        rereads = 0
    }

    /// The counts of this quarter hour changed.
    mutating func changed(_ quarter: QuotaWindow) { untold.insert(quarter) }

    mutating func planReread() {
        guard rereadAt_s == nil else { return }
        rereadAt_s = beganAt_s + min(Self.rereadMax_s, Self.rereadInterval_s * Double(1 << min(rereads, 8)))
    }

    mutating func cancelReread() { rereadAt_s = nil }

    /// The quarter hours to tell about; they then count as told.
    mutating func takeUntold() -> Set<QuotaWindow> {
        defer { untold = [] }
        return untold
    }

    mutating func nextSequence() -> Int {
        sequence += 1
        return sequence
    }

    // MARK: Questions

    /// How long the ledger can't be asked: infinite while an exchange is under way; nil: it can be asked now.
    func delay_s(at now_s: Double) -> Double? {
        if isUnderWay { return .infinity }
        return now_s < retryAt_s ? retryAt_s - now_s : nil
    }

    /// Whether what the ledger last said is older than this, and it may be read again.
    func isOlder(than age_s: Double, at now_s: Double) -> Bool { now_s > max(beganAt_s + age_s, retryAt_s) }

    /// Whether no call was permitted for so long that held calls should be given back.
    func isIdle(at now_s: Double) -> Bool { now_s >= grantedAt_s + Self.idleAfter_s }

    /// When the ledger must be told or read although nothing is asked; nil: not at all, or an exchange is under way.
    func dueAt_s(holdsCalls: Bool) -> Double? {
        if isUnderWay { return nil }
        var times: [Double] = []
        if !untold.isEmpty { times.append(max(beganAt_s + Self.tellInterval_s, retryAt_s)) }
        if holdsCalls { times.append(max(grantedAt_s + Self.idleAfter_s, beganAt_s + Self.tellInterval_s)) }
        if let rereadAt_s { times.append(max(rereadAt_s, retryAt_s)) }
        return times.min()
    }
}
