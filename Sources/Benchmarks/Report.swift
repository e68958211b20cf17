import Core
import Foundation

/// Figures beside their rivals', in the form of the table in docs/benchmarks.md.
struct Report {
    private struct Line {
        let what: String
        let unit: String
        let ours: Double
        /// The same under row-level security; nil: not measured.
        var bound: Double?
        let rivalName: String
        let rival: Double
        /// How many times better than the rival.
        let ratio: Double
        let target: String
    }

    private var lines: [Line] = []

    static func += (report: inout Report, other: Report) { report.lines += other.lines }

    /// A figure that is better when it is higher.
    mutating func rate(_ what: String, _ unit: String, _ ours: Double, against rivalName: String, _ rival: Double, target: String) {
        lines.append(Line(what: what, unit: unit, ours: ours, rivalName: rivalName, rival: rival, ratio: ours / rival, target: target))
    }

    /// A figure that is better when it is lower.
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

    /// Three significant digits.
    private static func text(_ value: Double) -> String {
        let digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
        return String(format: "%.\(digits)f", value)
    }
}

/// Wall-clock time of work.
enum Stopwatch {
    /// Seconds that `work` took.
    static func seconds(_ work: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await work()
        return (ContinuousClock.now - start).seconds
    }

    /// Median of `rounds` runs, in seconds, after `warmUps` that don't count.
    static func median(of rounds: Int, warmUps: Int = 0, _ work: () async throws -> Void) async rethrows -> Double {
        for _ in 0..<warmUps { try await work() }
        var all: [Double] = []
        for _ in 0..<rounds { all.append(try await seconds(work)) }
        return all.median
    }
}

extension [Double] {
    /// The middle value; for an even number the mean of the two in the middle.
    var median: Double {
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
