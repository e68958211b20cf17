/// How many connections each part of the daemon may hold at once. Parts take their limit from here; the sums are the sizes of the pools.
///
/// Claims, leases, the quota ledger and health, without which nothing else can go on, have a pool of their own, so that no amount of other
/// work makes them wait. The general pool counts the parts that hold a connection for long, and has a few more for short statements.
public enum ConnectionShares {
    // MARK: The steering pool

    /// Claims and lease renewals: the scheduler's loop runs one statement at a time.
    public static let scheduler = 1
    /// The governor's loop: one statement at a time.
    public static let quotaLedger = 1
    /// Readiness: one probe at a time.
    public static let health = 1

    public static let steering = scheduler + quotaLedger + health

    // MARK: The general pool

    /// Silver runners, the second only while there is a backlog.
    public static let silver = 2
    /// Rebuilds, one athlete at a time.
    public static let rebuild = 1
    /// The warehouse writer's one transaction.
    public static let landing = 1
    public static let retention = 1
    /// Erasures, one athlete at a time.
    public static let erasures = 1
    /// Token refreshes: each holds its connection while Strava answers.
    public static let refreshes = 3
    /// Exports: each holds its connection while its client reads.
    public static let exports = 2
    /// Counts of large tables, for status, progress and metrics: one of each at a time.
    public static let counts = 3
    /// Statements of turns, of the control socket and of the gateway: a few milliseconds each. Strava's events take one of them for all that
    /// have arrived, and one for those whose athletes a landing holds.
    public static let short = 3

    public static let general = silver + rebuild + landing + retention + erasures + refreshes + exports + counts + short

    // MARK: Outside the pools

    /// The scheduler's and the silver runner's LISTEN connections.
    public static let listeners = 2

    // MARK: Connections of the login fitness_reader

    /// Reads of `/v1/me` and `/mcp`: a few milliseconds each.
    public static let ownReads = 3
    /// Statements that others wrote, and exports, which are read as fast as their client takes them: each on a connection of its own.
    public static let ownQueries = 3

    public static let reader = ownReads + ownQueries

    /// The connections that a server must admit for one daemon.
    public static let all = steering + general + listeners + reader
}
