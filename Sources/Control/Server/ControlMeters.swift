import ControlAPI
import Metering
import ServerGuard

/// What is counted of the control socket.
public struct ControlMeters: Sendable {
    public static let definitions = [requests]

    private static let requests = MetricDefinition.counter(
        "fitnessd_control_requests_total", "Requests over the control socket, by route and HTTP status; other: no such route.",
        .init("route", Set(ControlRoute.allCases.map { RequestCount<ControlContext>.name(of: $0.path) }).sorted()),
        .init("status", StatusLabel.values))

    private let requestCount = CounterFamily(Self.requests)

    /// Counts what passes it.
    func middleware() -> RequestCount<ControlContext> {
        RequestCount { route, status, _ in requestCount.add(1, route ?? MetricDefinition.other, StatusLabel.of(status)) }
    }
}
