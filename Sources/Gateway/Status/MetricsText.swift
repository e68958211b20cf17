/// The figures in Prometheus' text format (version 0.0.4). Names and labels are a closed set; values of labels are bounded and escaped.
enum MetricsText {
    /// More lines of one kind than this mean a label that is not closed: the rest is left out.
    static let samplesMax = 500

    static func render(_ figures: GatewayFigures) -> String {
        var text = ""
        add(&text, "fitnessd_athletes", "gauge", "Athletes by state.", athletes(figures))
        add(&text, "fitnessd_strava_requests_total", "counter", "Calls to Strava since the process began.", requests(figures))
        add(&text, "fitnessd_strava_quota_used", "gauge", "Calls counted in the current window.", quotas(figures, \.used))
        add(&text, "fitnessd_strava_quota_limit", "gauge", "Calls allowed in the current window.", quotas(figures, \.limit))
        add(&text, "fitnessd_transform_backlog", "gauge", "Activities waiting for their silver.", [("", figures.transformBacklogCount)])
        add(
            &text, "fitnessd_silver_stopped", "gauge", "1 while nothing can be transformed; fitnessctl status says why.",
            [("", figures.isSilverStopped ? 1 : 0)])
        if let startedAt = figures.startedAt {
            let seconds = Int(startedAt.timeIntervalSince1970)
            add(&text, "process_start_time_seconds", "gauge", "Start of the process, in Unix seconds.", [("", seconds)])
        }
        return text
    }

    private typealias Sample = (labels: String, value: Int)

    private static func add(_ text: inout String, _ name: String, _ kind: String, _ help: String, _ samples: [Sample]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for sample in samples.prefix(samplesMax) { text += "\(name)\(sample.labels) \(sample.value)\n" }
    }

    private static func athletes(_ figures: GatewayFigures) -> [Sample] {
        figures.athleteCountByState.sorted { $0.key < $1.key }.map { (labels([("state", $0.key)]), $0.value) }
    }

    private static func requests(_ figures: GatewayFigures) -> [Sample] {
        figures.requests.map { (labels([("endpoint", $0.endpoint), ("status", $0.status)]), $0.count) }
    }

    private static func quotas(_ figures: GatewayFigures, _ value: KeyPath<GatewayFigures.Quota, Int>) -> [Sample] {
        figures.quotas.map { (labels([("bucket", $0.bucket.rawValue), ("window", $0.window.rawValue)]), $0[keyPath: value]) }
    }

    private static func labels(_ pairs: [(String, String)]) -> String {
        "{" + pairs.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        value.prefix(64).reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
