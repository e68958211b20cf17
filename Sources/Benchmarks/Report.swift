import Foundation

/// Figures beside their rivals', in the form of README's table.
struct Report {
    struct Line {
        let what: String
        let unit: String
        let ours: Double
        /// The same asked by a login that row-level security binds; nil: not asked.
        var bound: Double?
        let rivalName: String
        let rival: Double
        /// How many times better than the rival.
        let ratio: Double
        let target: String
    }

    private(set) var lines: [Line] = []

    static func += (report: inout Report, other: Report) { report.lines += other.lines }

    /// A figure of which more is better.
    mutating func rate(_ what: String, _ unit: String, _ ours: Double, against rivalName: String, _ rival: Double, target: String) {
        lines.append(Line(what: what, unit: unit, ours: ours, rivalName: rivalName, rival: rival, ratio: ours / rival, target: target))
    }

    /// A figure of which less is better.
    mutating func cost(
        _ what: String, _ unit: String, _ ours: Double, bound: Double? = nil, against rivalName: String, _ rival: Double, target: String
    ) {
        lines.append(
            Line(what: what, unit: unit, ours: ours, bound: bound, rivalName: rivalName, rival: rival, ratio: rival / ours, target: target))
    }

    var markdown: String {
        let head = ["figure", "unit", "here", "under row-level security", "rival", "rival's", "times better", "wanted"]
        let rows = lines.map { line in
            [
                line.what, line.unit, Self.text(line.ours), line.bound.map(Self.text) ?? "", line.rivalName, Self.text(line.rival),
                Self.text(line.ratio), line.target,
            ]
        }
        return ([head, head.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// Three digits that count.
    private static func text(_ value: Double) -> String {
        let digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
        return String(format: "%.\(digits)f", value)
    }
}
