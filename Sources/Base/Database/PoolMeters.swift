import Metering

/// What is counted of a pool of connections.
public struct PoolMeters: Sendable {
    public static let definitions = [waits, connections, waiting, refusals]

    /// Which of the daemon's pools it is.
    public enum Pool: String, Sendable, CaseIterable {
        /// Claims, leases, quota and health.
        case steering
        /// Everything else of the daemon.
        case general
        /// Short reads of athletes' own data.
        case reader
        /// Statements of assistants, and exports.
        case readerQueries = "reader_queries"
    }

    private static let pool = MetricDefinition.Label("pool", Pool.allCases.map(\.rawValue))

    private static let waits = MetricDefinition.histogram(
        "fitnessd_database_pool_wait_seconds", "How long work waited for a connection to PostgreSQL, opening one included, by pool.",
        bounds: MetricBounds.quick, pool)
    private static let connections = MetricDefinition.gauge(
        "fitnessd_database_pool_connections", "Connections to PostgreSQL, by pool and whether one is in use.", pool,
        .init("state", ["in_use", "idle"]))
    private static let waiting = MetricDefinition.gauge(
        "fitnessd_database_pool_waiting", "Pieces of work that wait for a connection, by pool.", pool)
    private static let refusals = MetricDefinition.counter(
        "fitnessd_database_pool_refusals_total", "Pieces of work that got no connection: the wait or the line was too long, by pool.", pool)

    private let name: String
    private let wait = HistogramFamily(Self.waits)
    private let connectionCount = GaugeFamily(Self.connections)
    private let waitingCount = GaugeFamily(Self.waiting)
    private let refusalCount = CounterFamily(Self.refusals)

    init(_ pool: Pool) { name = pool.rawValue }

    func waited(_ time: Duration) { wait.record(time, name) }

    func refused() { refusalCount.add(1, name) }

    func show(inUse: Int, idle: Int, waiting: Int) {
        connectionCount.set(inUse, name, "in_use")
        connectionCount.set(idle, name, "idle")
        waitingCount.set(waiting, name)
    }
}
