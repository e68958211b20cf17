/// How many seconds were spent at each value.
struct SecondsHistogram: Sendable, Equatable {
    /// Value at the first bin; bins follow each other without a gap.
    let first: Int
    /// Seconds in each bin.
    let seconds: [Double]

    /// Bins of one unit around whole numbers, from the lowest to the highest value: for heart rate. Nil when there are no values.
    static func ofWholeValues(_ series: SecondSeries) -> SecondsHistogram? {
        let bins = series.known.map { Int($0.rounded()) }
        guard let low = bins.min(), let high = bins.max() else { return nil }
        return SecondsHistogram(first: low, seconds: count(bins, from: low, to: high))
    }

    /// Bins of one unit that begin at whole numbers, from 0 to the highest value: for power. Nil when there are no values.
    static func fromZero(_ series: SecondSeries) -> SecondsHistogram? {
        let bins = series.known.map { Int($0.rounded(.down)) }
        guard let high = bins.max() else { return nil }
        return SecondsHistogram(first: 0, seconds: count(bins, from: 0, to: high))
    }

    private static func count(_ bins: [Int], from low: Int, to high: Int) -> [Double] {
        var seconds = [Double](repeating: 0, count: high - low + 1)
        for bin in bins { seconds[bin - low] += 1 }
        return seconds
    }
}
