import Foundation
import Metering
import TestKit
import Testing

@testable import fitnessd

/// The metrics that there are, and what documents say about them.
@Suite struct MetricCatalogTests {
    /// A row of the table in docs/metrics.md.
    private struct Row: Hashable {
        let name: String
        let kind: String
        let labels: String
        let help: String
    }

    private func document(_ name: String) throws -> String {
        try String(contentsOf: checkout.appending(path: "docs/\(name)"), encoding: .utf8)
    }

    private static func row(_ metric: MetricDefinition) -> Row {
        let kind =
            switch metric.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        let labels = metric.labels.map { "`\($0.name)`" }.joined(separator: ", ")
        return Row(name: metric.name, kind: kind, labels: labels, help: metric.help)
    }

    @Test func `the table lists exactly the metrics that there are, with their words`() throws {
        let rows = try document("metrics.md").matches(of: #/\| `([a-z0-9_]+)` \| (\w+) \| ([^|]*?) ?\| ([^|]+) \|/#).map {
            Row(name: String($0.1), kind: String($0.2), labels: String($0.3), help: String($0.4))
        }
        let defined = MetricCatalog.all.map(Self.row)
        for row in defined where !rows.contains(row) {
            Issue.record("missing or other: | `\(row.name)` | \(row.kind) | \(row.labels) | \(row.help) |")
        }
        for row in rows where !defined.contains(row) { Issue.record("not defined so: \(row.name)") }
        #expect(rows.count == defined.count)
    }

    @Test func `names, help texts and labels are as Prometheus wants them`() {
        let all = MetricCatalog.all
        #expect(Set(all.map(\.name)).count == all.count)
        for metric in all {
            #expect(metric.name.hasPrefix("fitnessd_") || metric.name.hasPrefix("process_"), "\(metric.name)")
            #expect(metric.help.hasSuffix(".") && metric.help.count < 200 && !metric.help.contains("|"), "\(metric.name)")
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            if case .histogram(let bounds) = metric.kind {
                #expect(metric.name.hasSuffix("_seconds") && bounds == bounds.sorted() && bounds.count <= 12, "\(metric.name)")
            }
        }
    }

    @Test func `no label can hold an athlete, a person or text from outside, and no metric has many series`() {
        for metric in MetricCatalog.all {
            #expect(metric.labels.count <= 2)
            for label in metric.labels {
                #expect(!["athlete", "athlete_id", "activity", "uid", "client", "path", "error", "user"].contains(label.name))
                #expect(!label.values.isEmpty && Set(label.values).count == label.values.count, "\(metric.name) \(label.name)")
                #expect(label.values.allSatisfy { $0.wholeMatch(of: #/[A-Za-z0-9_.\/{}\- ]+/#) != nil }, "\(metric.name) \(label.values)")
            }
            #expect(metric.labels.map { $0.values.count + 1 }.reduce(1, *) < 1_500, "\(metric.name)")
        }
    }

    // MARK: Alerts

    @Test func `alerts use metrics that there are`() throws {
        let names = Set(MetricCatalog.all.map(\.name))
        let used = try document("alerts.yml").matches(of: #/\b(fitnessd_[a-z_]+|process_[a-z_]+)\b/#).map { String($0.1) }
        #expect(used.count > 15)
        for name in used {
            let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
            #expect(names.contains(name) || base.map(names.contains) == true, "\(name)")
        }
    }

    @Test func `each alert says what it means, and what to do about it`() throws {
        let rules = try document("alerts.yml")
        let alerts = rules.matches(of: #/- alert: (\w+)/#).map { String($0.1) }
        #expect(alerts.count > 10 && Set(alerts).count == alerts.count)
        let sections = try document("alerts.md").components(separatedBy: "\n## ").dropFirst()
        let headed = Dictionary(sections.map { ($0.components(separatedBy: "\n")[0], $0) }) { first, _ in first }
        #expect(Set(headed.keys) == Set(alerts))
        for (alert, text) in headed {
            #expect(text.contains("**Meaning.**") && text.contains("**What to do.**"), "\(alert)")
        }
        #expect(rules.components(separatedBy: "runbook:").count - 1 == alerts.count)
        for alert in alerts { #expect(rules.contains("docs/alerts.md#\(alert.lowercased())\n"), "\(alert)") }
    }
}
