import ControlAPI

/// Rows of (endpoint, state, count) as one message per endpoint, in the order of the work: summary, detail, streams, zones.
enum EndpointCounting {
    private static let order = ["summary", "detail", "streams", "zones"]

    static func messages(_ counts: [(endpoint: String, state: String, count: Int)]) -> [EndpointCounts] {
        let byEndpoint = Dictionary(grouping: counts, by: \.endpoint)
        return order.compactMap { endpoint in byEndpoint[endpoint].map { message(endpoint, $0) } }
    }

    private static func message(_ endpoint: String, _ counts: [(endpoint: String, state: String, count: Int)]) -> EndpointCounts {
        let byState = Dictionary(counts.map { ($0.state, $0.count) }, uniquingKeysWith: +)
        func count(_ state: String) -> Int { byState[state] ?? 0 }
        return EndpointCounts(
            endpoint: endpoint, landed: count("landed"), pending: count("pending"), failed: count("failed"), empty: count("empty"),
            noScope: count("no_scope"), gone: count("gone"), quarantined: count("quarantined"), expired: count("expired"))
    }
}
