import Core
import HTTPTransport
import Metering

/// What is counted of the requests to Strava.
public struct StravaMeters: Sendable {
    public static let definitions = [requests, durations, bytes, unknownFields]

    private static let endpoint = MetricDefinition.Label("endpoint", StravaCall.endpointNames + oauthNames)
    private static let oauthNames = ["token_exchange", "token_refresh", "token_revoke", "push_subscriptions"]

    private static let requests = MetricDefinition.counter(
        "fitnessd_strava_requests_total", "Requests to Strava, by endpoint and HTTP status; none: there was no answer.", endpoint,
        .init("status", StatusLabel.values))
    private static let durations = MetricDefinition.histogram(
        "fitnessd_strava_request_duration_seconds", "Time until Strava's answer was complete, by endpoint and class of status.",
        bounds: MetricBounds.network, endpoint, .init("status_class", StatusLabel.classes))
    private static let bytes = MetricDefinition.counter(
        "fitnessd_strava_received_bytes_total", "Bytes of the bodies of Strava's answers.", endpoint)
    private static let unknownFields = MetricDefinition.counter(
        "fitnessd_unknown_fields_total",
        "Fields, streams and sport types in Strava's answers that this version does not know; they are kept, and the log names each once.",
        .init("endpoint", StravaCall.endpointNames))

    private let requestCount: CounterFamily
    private let duration: HistogramFamily
    private let byteCount: CounterFamily
    let unknown: CounterFamily

    init() {
        requestCount = CounterFamily(Self.requests)
        duration = HistogramFamily(Self.durations)
        byteCount = CounterFamily(Self.bytes)
        unknown = CounterFamily(Self.unknownFields)
    }

    /// - Parameter answer: nil: there was none.
    func ended(_ endpoint: String, _ answer: HTTPResponse?, seconds: Double) {
        requestCount.add(1, endpoint, StatusLabel.of(answer?.status))
        duration.record(seconds, endpoint, StatusLabel.class(of: answer?.status))
        byteCount.add(answer?.body.count ?? 0, endpoint)
    }
}
