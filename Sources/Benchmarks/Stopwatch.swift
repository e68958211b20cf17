import Foundation

/// Wall-clock time of pieces of work, and its median.
enum Stopwatch {
    /// Seconds that `work` took.
    static func seconds(_ work: () async throws -> Void) async rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        try await work()
        let spent = (clock.now - start).components
        return Double(spent.seconds) + Double(spent.attoseconds) / 1e18
    }

    /// Median of `rounds` runs after `warmUps` that don't count, in seconds.
    static func median(of rounds: Int, warmUps: Int = 0, _ work: () async throws -> Void) async rethrows -> Double {
        for _ in 0..<warmUps { try await work() }
        var all: [Double] = []
        for _ in 0..<rounds { all.append(try await seconds(work)) }
        return all.median
    }
}

extension [Double] {
    /// The middle one; of an even number the mean of the two in the middle.
    var median: Double {
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
