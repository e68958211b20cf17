import Foundation
import Governor
import SyncStore

/// The table of all scenarios, as Markdown.
package struct ReportTable {
    private var header = ["measure"]
    private var columns: [[String]] = []

    package init() {}

    package mutating func add(_ scenario: Scenario, _ measures: Measures) {
        header.append(scenario.name)
        columns.append(Self.rows.map { $0.text(measures) })
    }

    package var text: String {
        var lines = [line(header), "|" + String(repeating: "---|", count: header.count)]
        for (index, row) in Self.rows.enumerated() { lines.append(line([row.name] + columns.map { $0[index] })) }
        return lines.joined(separator: "\n")
    }

    private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    // MARK: Rows

    private struct Row {
        let name: String
        let text: (Measures) -> String
    }

    private static var rows: [Row] {
        [
            Row(name: "calls, and of them 429") { "\($0.calls), \($0.refused)" },
            Row(name: "calls: " + RequestClass.allCases.map(\.name).joined(separator: " / ")) { measures in
                measures.callsByClass.map(String.init).joined(separator: " / ")
            },
            Row(name: "calls: profile / zones / stats") { measures in
                [AthleteObject.Kind.profile, .zones, .stats].map { String(measures.ownCalls[$0] ?? 0) }.joined(separator: " / ")
            },
            Row(name: "profiles read in a day: most") { String($0.profilesByDay.values.max() ?? 0) },
            Row(name: "days with a backlog, used: least") { share($0.dayShares) },
            Row(name: "quarter hours with a backlog, used: least / mean") { shares($0.quarterShares) },
            Row(name: "Jain's index, equal demand") { measures in
                measures.jain.map { decimal($0, 4) + " (\(measures.equalDemand.count))" } ?? "–"
            },
            Row(name: "calls a look for what is new") { $0.looks > 0 ? decimal(Double($0.lookCalls) / Double($0.looks), 2) : "–" },
            Row(name: "newcomer's newest 30 landed: p50 / max") { newcomers($0) },
            Row(name: "age of an athlete's list: p50 / p95 / max") { ages($0.listAges_s, missing: 0) },
            age(.newest, "all newcomers' newest 30"), age(.fresh, "new activity"), age(.late, "late upload, edit"),
            age(.history, "history"),
            Row(name: "first estimate of an athlete's completion within 20 %, of athletes") { estimates($0.trial.firstErrors) },
            Row(name: "all hourly estimates within 20 %") { estimates($0.trial.errors) },
            Row(name: "estimated remaining time too long (-: short) by: p5 / p50 / p95") { errors($0.trial.errors) },
        ]
    }

    private static func estimates(_ errors: [Double]) -> String {
        if errors.isEmpty { return "–" }
        return "\(decimal(100 * CompletionTrial.share(of: errors), 1)) % (\(errors.count))"
    }

    private static func errors(_ errors: [Double]) -> String {
        let errors = Distribution(errors)
        if errors.isEmpty { return "–" }
        return [0.05, 0.5, 0.95].map { decimal(100 * errors.percentile($0), 0) }.joined(separator: " / ") + " %"
    }

    private static func age(_ kind: ModelActivity.Kind, _ name: String) -> Row {
        Row(name: "age of \(name): p50 / p95 / max") { ages($0.ages_s[kind.rawValue], missing: $0.missing[kind.rawValue]) }
    }

    private static func ages(_ values: [Double], missing: Int) -> String {
        let ages = Distribution(values)
        if ages.isEmpty { return "–" }
        let text = [0.5, 0.95, 1].map { duration(ages.percentile($0)) }.joined(separator: " / ")
        return missing > 0 ? text + " (\(missing) of \(values.count) missing)" : text
    }

    private static func newcomers(_ measures: Measures) -> String {
        let times = Distribution(measures.newcomers_s)
        if times.isEmpty && measures.newcomersWaiting == 0 { return "–" }
        let waiting = measures.newcomersWaiting > 0 ? " (\(measures.newcomersWaiting) wait)" : ""
        return times.isEmpty ? "none" + waiting : "\(duration(times.percentile(0.5))) / \(duration(times.percentile(1)))" + waiting
    }

    private static func share(_ values: [Double]) -> String { values.min().map { decimal($0 * 100, 2) + " % (\(values.count))" } ?? "–" }

    private static func shares(_ values: [Double]) -> String {
        guard let least = values.min() else { return "–" }
        let mean = values.reduce(0, +) / Double(values.count)
        return "\(decimal(least * 100, 1)) / \(decimal(mean * 100, 1)) % (\(values.count))"
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7_200: "\(Int((seconds / 60).rounded())) min"
        case ..<172_800: "\(decimal(seconds / 3600, 1)) h"
        default: "\(decimal(seconds / 86_400, 1)) d"
        }
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

/// Percentiles of many numbers.
private struct Distribution {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var isEmpty: Bool { sorted.isEmpty }

    /// The value that `share` of all do not exceed (nearest rank).
    func percentile(_ share: Double) -> Double {
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted.isEmpty ? 0 : sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
