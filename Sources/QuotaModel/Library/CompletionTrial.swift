/// Holds estimates of when histories will be complete against when they were. Times are seconds since the simulation's start.
package struct CompletionTrial: Sendable {
    private struct Estimate {
        let at_s: Double
        let ends_s: Double
    }

    /// What an estimate may be wrong by, as a share of the time that really remained.
    private static let tolerance = 0.2
    /// A smaller error than this, in seconds, is none: people are told minutes, and a call in the queue may wait for a window's end.
    private static let smallest_s = 60.0

    private var open: [Int: [Estimate]] = [:]
    /// The athletes who are complete. What is new afterwards is no history.
    private var complete: Set<Int> = []
    /// By how much each estimate was too long, as a share of the time that really remained; negative: too short.
    package private(set) var errors: [Double] = []
    /// The same of each athlete's first estimate.
    package private(set) var firstErrors: [Double] = []

    mutating func note(_ athlete: Int, ends_s: Double, at now_s: Double) {
        if !complete.contains(athlete) { open[athlete, default: []].append(Estimate(at_s: now_s, ends_s: ends_s)) }
    }

    mutating func complete(_ athlete: Int, at now_s: Double) {
        guard complete.insert(athlete).inserted, let estimates = open.removeValue(forKey: athlete) else { return }
        let shares = estimates.map { estimate in
            let difference_s = estimate.ends_s - now_s
            return abs(difference_s) < Self.smallest_s ? 0 : difference_s / max(1, now_s - estimate.at_s)
        }
        errors += shares
        if let first = shares.first { firstErrors.append(first) }
    }

    /// The share of estimates that are right within a fifth.
    package static func share(of errors: [Double]) -> Double {
        errors.isEmpty ? 1 : Double(errors.count { abs($0) <= tolerance }) / Double(errors.count)
    }
}
