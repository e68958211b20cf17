/// Who may hold how many connections at once: the one place where they are added up. Owners take their bound from here.
///
/// What decides whether work goes on at all (claims, leases, the quota's ledger, health) has a pool of its own, so that no amount of other
/// work can make it wait. In the large pool those who hold a connection for long are counted, and the rest is for short statements.
public enum ConnectionShares {
    // MARK: The pool of the steering parts

    /// Claims and lease renewals: the scheduler's loop makes one call at a time.
    public static let scheduler = 1
    /// The governor's loop: one call at a time.
    public static let quotaLedger = 1
    /// Readiness: one probe at a time.
    public static let health = 1

    public static let steering = scheduler + quotaLedger + health

    // MARK: The pool of all others

    /// Runners that make silver, the second only while there is a backlog.
    public static let silver = 2
    /// Rebuilds of one athlete after the other.
    public static let rebuild = 1
    /// The one transaction of the writer.
    public static let landing = 1
    public static let retention = 1
    /// Refreshes of tokens: each holds its connection while Strava answers.
    public static let refreshes = 3
    /// Exports: each holds its connection while its reader reads.
    public static let exports = 2
    /// Counts of large tables, for the status, the progress and the metrics: one of each at a time.
    public static let counts = 3
    /// Statements of turns, of the control socket and of the gateway: a few milliseconds each.
    public static let short = 3

    public static let general = silver + rebuild + landing + retention + refreshes + exports + counts + short

    // MARK: Outside the pools

    /// Connections that listen: the scheduler's and the silver runner's.
    public static let listeners = 2

    /// What a server has to admit for one daemon.
    public static let all = steering + general + listeners
}
