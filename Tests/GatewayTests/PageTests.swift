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

    @Test func `the status page shows athletes, quota and backlog`() {
        let figures = GatewayFigures(
            athleteCountByState: ["reconnect": 2, "active": 40], quotas: [.init(window: .quarterHour, used: 12, limit: 300)],
            transformBacklogCount: 3, version: "1.2.3")
        let page = StatusPage.page(figures).body.text
        #expect(page.contains("<td>active</td><td class=\"number\">40</td>") && page.contains("<td>quarter hour</td>"))
        #expect(page.contains("<td class=\"number\">300</td>") && page.contains("3 activities") && page.contains("Version 1.2.3."))
    }
}
