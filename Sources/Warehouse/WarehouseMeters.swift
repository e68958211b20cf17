import Database
import Metering

/// What is counted of bronze and silver.
public struct WarehouseMeters: Sendable {
    public static let definitions = [
        answers, bytes, listed, landings, landingQueue, silverRuns, silverActivities, activityLag, eventLag,
    ]

    private static let endpoint = MetricDefinition.Label("endpoint", BronzeEndpoint.allCases.map(\.metricsName))

    private static let answers = MetricDefinition.counter(
        "fitnessd_landed_answers_total",
        "Answers that landed in bronze, by endpoint and whether they were new there or other than before.", endpoint,
        .init("change", ["new", "changed"]))
    private static let bytes = MetricDefinition.counter(
        "fitnessd_landed_bytes_total", "Bytes of the answers that landed in bronze, by endpoint.", endpoint)
    private static let listed = MetricDefinition.counter(
        "fitnessd_listed_activities_total", "Activities that a list named for the first time.")
    private static let landings = MetricDefinition.histogram(
        "fitnessd_landing_duration_seconds", "Time of the transactions that land answers.", bounds: MetricBounds.quick)
    private static let landingQueue = MetricDefinition.gauge(
        "fitnessd_landing_queue", "Batches of answers that wait for their transaction.")
    private static let silverRuns = MetricDefinition.histogram(
        "fitnessd_silver_duration_seconds", "Time of the transactions that make silver, of up to 32 activities each.",
        bounds: MetricBounds.quick)
    private static let silverActivities = MetricDefinition.counter(
        "fitnessd_silver_activities_total", "Pieces of work on silver, by outcome: made, or quarantined because the transform fails.",
        .init("outcome", ["made", "quarantined"]))
    private static let activityLag = MetricDefinition.histogram(
        "fitnessd_activity_to_silver_seconds",
        "From the end of an activity to its first rows in silver, for activities that ended in the last 7 days.", bounds: MetricBounds.lag)
    private static let eventLag = MetricDefinition.histogram(
        "fitnessd_event_to_silver_seconds",
        "From Strava's event about a new activity to its first rows in silver, for activities that ended in the last 7 days.",
        bounds: MetricBounds.lag)

    private let answerCount = CounterFamily(Self.answers)
    private let byteCount = CounterFamily(Self.bytes)
    private let listedCount = CounterFamily(Self.listed)
    private let landingTime = HistogramFamily(Self.landings)
    private let landingQueueLength = GaugeFamily(Self.landingQueue)
    private let silverTime = HistogramFamily(Self.silverRuns)
    private let silverCount = CounterFamily(Self.silverActivities)
    private let activityWait = HistogramFamily(Self.activityLag)
    private let eventWait = HistogramFamily(Self.eventLag)

    // MARK: Bronze

    func landed(_ outcomes: [LandingOutcome], in time: Duration) {
        landingTime.record(time)
        for outcome in outcomes {
            guard case .success(let receipt) = outcome.receipt else { continue }
            // The new ones come first.
            for (place, answer) in outcome.landed.enumerated() {
                let endpoint = answer.answer.endpoint.metricsName
                answerCount.add(1, endpoint, place < receipt.inserted ? "new" : "changed")
                byteCount.add(answer.answer.body.count, endpoint)
            }
            listedCount.add(receipt.newActivities)
        }
    }

    func waiting(_ batches: Int) { landingQueueLength.set(batches) }

    // MARK: Silver

    func made(_ work: [SilverWork], in time: Duration) {
        if work.isEmpty { return }
        silverTime.record(time)
        silverCount.add(work.count, "made")
    }

    func quarantined() { silverCount.add(1, "quarantined") }

    func appeared(_ lag: SilverLag) {
        activityWait.record(lag.sinceEnd_s)
        if let seconds = lag.sinceEvent_s { eventWait.record(seconds) }
    }
}

/// How long an activity took to appear in silver.
struct SilverLag: Sendable, Equatable {
    let sinceEnd_s: Double
    /// Nil: no event announced it.
    let sinceEvent_s: Double?

    /// A row of `SilverQueries.lags`.
    init(_ row: Row) throws { (sinceEnd_s, sinceEvent_s) = try row.decode(Double.self, Double?.self) }
}
