import Foundation
import Testing

@testable import Gateway

@Suite struct PageTests {
    @Test func `interpolated text is escaped once`() {
        let hostile = "<b a=\"1\" c='2'>&amp;"
        let piece: HTML = "<p>\(hostile)</p>"
        #expect(piece.text == "<p>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;</p>")
        let page: HTML = "<div>\(piece)\(7)</div>"
        #expect(page.text == "<div>\(piece.text)7</div>")
    }

    @Test func `figures become Prometheus text`() {
        let figures = GatewayFigures(
            athleteCountByState: ["reconnect": 2, "active": 40],
            requests: [.init(endpoint: "streams", status: "200", count: 7), .init(endpoint: "a\"b\\c\nd", status: "0", count: 1)],
            quotas: [.init(bucket: .read, window: .quarterHour, used: 12, limit: 300)], transformBacklogCount: 3,
            startedAt: Date(timeIntervalSince1970: 1_790_000_000))
        let lines = MetricsText.render(figures).split(separator: "\n")
        let samples = lines.filter { !$0.hasPrefix("#") }
        #expect(
            samples == [
                "fitnessd_athletes{state=\"active\"} 40", "fitnessd_athletes{state=\"reconnect\"} 2",
                "fitnessd_strava_requests_total{endpoint=\"streams\",status=\"200\"} 7",
                "fitnessd_strava_requests_total{endpoint=\"a\\\"b\\\\c\\nd\",status=\"0\"} 1",
                "fitnessd_strava_quota_used{bucket=\"read\",window=\"quarter_hour\"} 12",
                "fitnessd_strava_quota_limit{bucket=\"read\",window=\"quarter_hour\"} 300", "fitnessd_transform_backlog 3",
                "fitnessd_silver_stopped 0",
                "process_start_time_seconds 1790000000",
            ])
        #expect(lines.filter { $0.hasPrefix("# TYPE") }.count == 7)
    }

    @Test func `labels with an open set of values can't flood the metrics`() {
        let requests = (0..<5000).map { GatewayFigures.Requests(endpoint: "e\($0)", status: "200", count: 1) }
        let text = MetricsText.render(GatewayFigures(requests: requests))
        #expect(text.split(separator: "\n").count < 600)
    }
}
