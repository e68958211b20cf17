import Metering

/// What is counted of the quota: how long calls wait for it, by class, and the windows as they stand.
public struct GovernorMeters: Sendable {
    public static let definitions = [waits, used, limit, remaining, waiting, inFlight, circuit, clockOffset]

    private static let requestClass = MetricDefinition.Label("class", RequestClass.allCases.map(\.name))
    private static let bucket = MetricDefinition.Label("bucket", ["overall", "read"])
    private static let window = MetricDefinition.Label("window", QuotaSpan.allCases.map(\.label))

    private static let waits = MetricDefinition.histogram(
        "fitnessd_quota_wait_seconds", "How long permitted calls waited for quota, by request class.", bounds: MetricBounds.quota,
        requestClass)
    private static let used = MetricDefinition.gauge(
        "fitnessd_strava_quota_used", "Calls counted in the current window.", bucket, window)
    private static let limit = MetricDefinition.gauge(
        "fitnessd_strava_quota_limit", "Calls allowed in the current window.", bucket, window)
    private static let remaining = MetricDefinition.gauge(
        "fitnessd_strava_quota_remaining", "Calls left in the current window.", bucket, window)
    private static let waiting = MetricDefinition.gauge(
        "fitnessd_quota_waiting_calls", "Calls that wait for quota, by request class.", requestClass)
    private static let inFlight = MetricDefinition.gauge(
        "fitnessd_strava_requests_in_flight", "Calls that are permitted and not yet settled.")
    private static let circuit = MetricDefinition.gauge(
        "fitnessd_strava_circuit_open", "1 while no call is made because Strava or the application as a whole is in trouble.")
    private static let clockOffset = MetricDefinition.gauge(
        "fitnessd_strava_clock_offset_seconds", "How far Strava's clock is ahead of this machine's.")

    let wait: HistogramFamily
    private let usedCount: GaugeFamily
    private let limitCount: GaugeFamily
    private let remainingCount: GaugeFamily
    private let waitingCount: GaugeFamily
    private let inFlightCount: GaugeFamily
    private let isCircuitOpen: GaugeFamily
    private let offset: GaugeFamily

    init() {
        wait = HistogramFamily(Self.waits)
        usedCount = GaugeFamily(Self.used)
        limitCount = GaugeFamily(Self.limit)
        remainingCount = GaugeFamily(Self.remaining)
        waitingCount = GaugeFamily(Self.waiting)
        inFlightCount = GaugeFamily(Self.inFlight)
        isCircuitOpen = GaugeFamily(Self.circuit)
        offset = GaugeFamily(Self.clockOffset)
    }

    /// Sets the gauges. The count of calls is the same in both buckets, since all calls but those to OAuth are reads.
    func show(_ snapshot: GovernorSnapshot) {
        for window in snapshot.windows {
            for (bucket, limit) in [("overall", window.overallLimit as Int?), ("read", window.readLimit)] {
                guard let limit else { continue }
                usedCount.set(window.used, bucket, window.span.label)
                limitCount.set(limit, bucket, window.span.label)
                remainingCount.set(max(0, limit - window.used), bucket, window.span.label)
            }
        }
        for requestClass in RequestClass.allCases { waitingCount.set(snapshot.waiting[requestClass.name] ?? 0, requestClass.name) }
        inFlightCount.set(snapshot.inFlight)
        isCircuitOpen.set(snapshot.circuit.state != .closed)
        offset.set(snapshot.clockOffset_s)
    }
}

extension QuotaSpan {
    /// The window in metrics.
    fileprivate var label: String { self == .quarter ? "quarter_hour" : "day" }
}
