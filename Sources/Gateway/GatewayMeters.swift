import Metering
import ServerGuard

/// What is counted of the gateway's requests.
public struct GatewayMeters: Sendable {
    public static let definitions = [requests, durations]

    /// The paths of all routes, as they are registered.
    static let paths = [
        "/", "/actions/:name", "/api", "/assets/:name", "/connect", "/connect-link", "/connected/:result", "/enter", "/explain/:id",
        "/healthz", "/live", "/mcp", "/metrics", "/oauth/callback", "/parts/athletes", "/readyz", "/sign-in", "/sign-out", "/style.css",
        "/v1/runs/:run", "/webhooks/strava/:secret",
    ]

    private static let route = MetricDefinition.Label(
        "route", paths.map { RequestCount<GatewayContext>.name(of: $0) } + families)
    /// Paths each of which stands for all addresses below it: an athlete's own data, and the athlete's pages.
    private static let families = ["/v1/me", "/me", "/athletes/:athlete"].map { RequestCount<GatewayContext>.name(of: $0) }

    private static let requests = MetricDefinition.counter(
        "fitnessd_http_requests_total",
        "Requests to the gateway, by route and HTTP status; /v1/me, /me and an athlete's pages stand for all below them; other: no such route.",
        route,
        .init("status", StatusLabel.values))
    private static let durations = MetricDefinition.histogram(
        "fitnessd_http_request_duration_seconds", "Time until the answer to a request began, by route.", bounds: MetricBounds.quick, route)

    private let requestCount = CounterFamily(Self.requests)
    private let duration = HistogramFamily(Self.durations)

    private static func route(of path: String) -> String {
        families.first { path == $0 || path.hasPrefix($0 + "/") } ?? path
    }

    /// Counts what passes it.
    func middleware() -> RequestCount<GatewayContext> {
        RequestCount { path, status, time in
            let route = path.map(Self.route(of:)) ?? MetricDefinition.other
            requestCount.add(1, route, StatusLabel.of(status))
            duration.record(time, route)
        }
    }
}
