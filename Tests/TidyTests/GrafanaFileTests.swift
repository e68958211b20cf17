import Foundation
import TestKit
import Testing

/// The dashboards for Grafana, as files. Their SQL is run by DaemonTests; `make test-extra` holds them to the script that writes them.
@Suite struct GrafanaFileTests {
    private static let silver = "fitnessd-postgresql"
    private static let metrics = "fitnessd-prometheus"

    @Test func `there is one for the athlete, the activity, the club, the health of the data and the operator`() throws {
        let all = try GrafanaDashboard.all()
        #expect(all.map(\.name) == ["activity.json", "athlete.json", "club.json", "health.json", "operator.json"])
        #expect(all.map(\.dashboard.uid) == all.map { "fitnessd-" + $0.name.dropLast(5) })
    }

    @Test func `each panel says what it shows, reads one of the two data sources and covers no other`() throws {
        for (name, _, dashboard) in try GrafanaDashboard.all() {
            var cells = Set<String>()
            #expect(dashboard.panels.count >= 6)
            #expect(
                Set(dashboard.panels.map(\.id)).count == dashboard.panels.count
                    && Set(dashboard.panels.map(\.title)).count == dashboard.panels.count)
            for panel in dashboard.panels {
                let place = panel.gridPos
                #expect(!panel.title.isEmpty && (panel.description ?? "").count > 10, "\(name): \(panel.title)")
                #expect(place.x + place.w <= 24 && place.h > 0, "\(name): \(panel.title)")
                for x in place.x..<(place.x + place.w) {
                    for y in place.y..<(place.y + place.h) {
                        #expect(cells.insert("\(x) \(y)").inserted, "\(name): \(panel.title) covers another")
                    }
                }
                for target in panel.targets {
                    let source = target.datasource ?? panel.datasource
                    #expect(source == panel.datasource)
                    #expect(source.uid == (target.rawSql == nil ? Self.metrics : Self.silver), "\(name): \(panel.title)")
                    #expect(target.format == nil || ["table", "time_series"].contains(target.format), "\(name): \(panel.title)")
                }
                #expect(Set(panel.targets.map(\.refId)).count == panel.targets.count && !panel.targets.isEmpty)
            }
            for variable in dashboard.templating.list ?? [] { #expect(variable.datasource.uid == Self.silver, "\(name): \(variable.name)") }
        }
    }

    @Test func `the data sources are those that are provisioned, with no password in the file`() throws {
        let file = GrafanaDashboard.folder.appending(path: "provisioning/datasources/fitnessd.yml")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains("uid: \(Self.silver)\n") && text.contains("uid: \(Self.metrics)\n"))
        #expect(text.matches(of: #/password: (.+)/#).map { String($0.1) } == ["$__file{/etc/grafana/fitnessd-password}"])
    }

    @Test func `no other host is named, but for the link to an activity at Strava`() throws {
        for (name, text, _) in try GrafanaDashboard.all() {
            let addresses = text.matches(of: #/https?:\/\/[^"]+/#).map { String($0.0) }
            #expect(addresses.allSatisfy { $0.hasPrefix("https://www.strava.com/activities/${") }, "\(name): \(addresses)")
        }
    }

    @Test func `each metric that a panel asks for is in the list of metrics`() throws {
        let list = try String(contentsOf: checkout.appending(path: "docs/metrics.md"), encoding: .utf8)
        let known = Set(list.matches(of: #/\| `((fitnessd|process)_[a-z_]+)` \|/#).map { String($0.1) })
        for (name, _, dashboard) in try GrafanaDashboard.all() {
            for expression in dashboard.panels.flatMap(\.targets).compactMap(\.expr) {
                let asked = expression.matches(of: #/(fitnessd|process)_[a-z_]+/#).map { String($0.0).replacing(#/_bucket$/#, with: "") }
                #expect(!asked.isEmpty && asked.allSatisfy(known.contains), "\(name): \(expression)")
            }
        }
    }
}
