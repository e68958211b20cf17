import Foundation
import Governor
import Hummingbird
import StravaAPI
import Sync

/// The figures that the operator sees at `/metrics` and `/`. Counts only: no names, athletes or positions.
public struct GatewayFigures: Sendable, Equatable {
    /// One window of one bucket of Strava's quota.
    struct Quota: Sendable, Equatable {
        enum Bucket: String { case overall, read }
        enum Span: String { case quarterHour = "quarter_hour", day }

        let bucket: Bucket
        let window: Span
        let used: Int
        let limit: Int
    }

    /// Calls to one endpoint with one result, since the process began.
    struct Requests: Sendable, Equatable {
        /// `StravaCall.endpointName`.
        let endpoint: String
        /// The HTTP status as text; "none": there was no answer.
        let status: String
        let count: Int
    }

    /// Athletes by the values of `sync.athlete.state`.
    var athleteCountByState: [String: Int] = [:]
    var requests: [Requests] = []
    var quotas: [Quota] = []
    /// Activities whose silver is older than their bronze.
    var transformBacklogCount = 0
    /// Whether nothing can be transformed: silver has an open incident.
    var isSilverStopped = false
    var version = ""
    var startedAt: Date?
}

extension GatewayFigures {
    /// - Parameters:
    ///   - quota: the governor's windows.
    ///   - calls: calls to Strava since the process began.
    public init(
        _ status: StatusFigures, quota: [WindowSnapshot] = [], calls: [CallTally.Kind: Int] = [:], isSilverStopped: Bool = false,
        version: String = "", startedAt: Date? = nil
    ) {
        athleteCountByState = status.athletesByState
        transformBacklogCount = status.backlogCount
        quotas = quota.map { Quota(bucket: .overall, window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit) }
        requests = calls.map { kind, count in
            Requests(endpoint: kind.endpoint, status: kind.status.map { "\($0)" } ?? "none", count: count)
        }
        .sorted { ($0.endpoint, $0.status) < ($1.endpoint, $1.status) }
        self.isSilverStopped = isSilverStopped
        self.version = version
        self.startedAt = startedAt
    }
}

/// The figures in Prometheus' text format (version 0.0.4). Names and labels are a closed set; label values are bounded and escaped.
enum MetricsText {
    /// Samples of one metric. More would mean a label with an open set of values: the rest is left out.
    static let samplesMax = 500

    static func render(_ figures: GatewayFigures) -> String {
        var text = ""
        add(&text, "fitnessd_athletes", "gauge", "Athletes by state.", athletes(figures))
        add(&text, "fitnessd_strava_requests_total", "counter", "Calls to Strava since the process began.", requests(figures))
        add(&text, "fitnessd_strava_quota_used", "gauge", "Calls counted in the current window.", quotas(figures, \.used))
        add(&text, "fitnessd_strava_quota_limit", "gauge", "Calls allowed in the current window.", quotas(figures, \.limit))
        add(
            &text, "fitnessd_transform_backlog", "gauge", "Activities waiting to be transformed to silver.",
            [("", figures.transformBacklogCount)])
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

/// The page at `/`: athletes by state, quota, backlog.
enum StatusPage {
    static func page(_ figures: GatewayFigures) -> HTMLPage {
        HTMLPage(
            title: "fitnessd",
            body: """
                <p>Keeps its athletes' Strava data complete and current in PostgreSQL.</p>
                <h2>Athletes</h2>
                \(table(["State", "Athletes"], athletes(figures)))
                <h2>Strava quota</h2>
                \(table(["Window", "Used", "Limit"], quotas(figures)))
                <h2>Waiting to be transformed</h2>
                <p>\(figures.transformBacklogCount) activities</p>
                <p class="hint">\(version(figures))Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>;
                figures: <a href="/metrics">/metrics</a></p>
                """)
    }

    private static func athletes(_ figures: GatewayFigures) -> [[String]] {
        figures.athleteCountByState.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] }
    }

    private static func quotas(_ figures: GatewayFigures) -> [[String]] {
        figures.quotas.map { quota in
            let window = quota.window == .day ? "day (UTC)" : "quarter hour"
            return ["\(window), \(quota.bucket.rawValue)", String(quota.used), String(quota.limit)]
        }
    }

    private static func version(_ figures: GatewayFigures) -> HTML {
        figures.version.isEmpty ? "" : "Version \(figures.version). "
    }

    private static func table(_ titles: [String], _ rows: [[String]]) -> HTML {
        if rows.isEmpty { return "<p class=\"hint\">None yet.</p>" }
        let head = HTML.joined(titles.enumerated().map { cell($1, column: $0, isTitle: true) })
        let body = rows.map { row in "<tr>\(HTML.joined(row.enumerated().map { cell($1, column: $0, isTitle: false) }))</tr>" as HTML }
        return "<table><thead><tr>\(head)</tr></thead><tbody>\(HTML.joined(body))</tbody></table>"
    }

    private static func cell(_ text: String, column: Int, isTitle: Bool) -> HTML {
        switch (isTitle, column) {
        case (true, 0): "<th scope=\"col\">\(text)</th>"
        case (true, _): "<th scope=\"col\" class=\"number\">\(text)</th>"
        case (false, 0): "<td>\(text)</td>"
        case (false, _): "<td class=\"number\">\(text)</td>"
        }
    }
}
