import Governor
import Hummingbird
import Sync

/// The figures that the operator sees at `/`. Counts only: no names, athletes or positions.
public struct GatewayFigures: Sendable, Equatable {
    /// One window of Strava's quota.
    struct Quota: Sendable, Equatable {
        enum Span { case quarterHour, day }

        let window: Span
        let used: Int
        let limit: Int
    }

    /// Athletes by the values of `sync.athlete.state`.
    var athleteCountByState: [String: Int] = [:]
    var quotas: [Quota] = []
    /// Activities whose silver is older than their bronze.
    var transformBacklogCount = 0
    var version = ""
}

extension GatewayFigures {
    /// - Parameter quota: the governor's windows.
    public init(_ status: StatusFigures, quota: [WindowSnapshot] = [], version: String = "") {
        athleteCountByState = status.athletesByState
        transformBacklogCount = status.backlogCount
        quotas = quota.map { Quota(window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit) }
        self.version = version
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
            return [window, String(quota.used), String(quota.limit)]
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
