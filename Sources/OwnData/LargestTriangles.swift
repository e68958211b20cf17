/// Thins out curves that share their points by largest triangles in three buckets (LTTB; Steinarsson, "Downsampling Time Series for Visual
/// Representation", University of Iceland, 2013), with one choice of points for all curves.
///
/// The points between the first and the last are divided into buckets. Of each bucket the point is kept that makes, with the point kept before
/// and the mean of the next bucket, the largest triangles, summed over the curves, each in units of its own range. Pure.
public enum LargestTriangles {
    /// The places of the points to keep, in rising order: the first, the last, and at most `max` in all.
    ///
    /// - Parameters:
    ///   - curves: a value, or nil where there is none, for each of `count` points.
    ///   - max: at least 2.
    public static func indexes(of curves: [[Double?]], count: Int, max: Int) -> [Int] {
        if count <= max { return Array(0..<count) }
        let curves = curves.compactMap(ScaledCurve.init)
        let width = Double(count - 2) / Double(max - 2)
        func bucket(_ number: Int) -> Range<Int> {
            let begin = 1 + Int(Double(number) * width)
            return begin..<min(count - 1, Swift.max(begin + 1, 1 + Int(Double(number + 1) * width)))
        }
        var kept = [0]
        for number in 0..<(max - 2) {
            let next = number == max - 3 ? count - 1..<count : bucket(number + 1)
            kept.append(best(in: bucket(number), after: kept[kept.count - 1], before: next, of: curves))
        }
        return kept + [count - 1]
    }

    /// The point of `bucket` with the largest triangles. The middle one where no curve tells a difference.
    private static func best(in bucket: Range<Int>, after last: Int, before next: Range<Int>, of curves: [ScaledCurve]) -> Int {
        var areas = [Double](repeating: 0, count: bucket.count)
        let nextX = Double(next.lowerBound + next.upperBound - 1) / 2
        for curve in curves {
            guard let start = curve.values[last] ?? curve.mean(of: bucket), let end = curve.mean(of: next) else { continue }
            for index in bucket {
                guard let value = curve.values[index] else { continue }
                // Twice the triangle's area, with the points' places as the x axis.
                areas[index - bucket.lowerBound] += abs(
                    (Double(last) - nextX) * (value - start) - (Double(last) - Double(index)) * (end - start))
            }
        }
        guard let largest = areas.max(), largest > 0 else { return (bucket.lowerBound + bucket.upperBound - 1) / 2 }
        return bucket.lowerBound + (areas.firstIndex(of: largest) ?? 0)
    }
}

/// A curve in units of its own range, so that no curve outweighs another by its unit.
private struct ScaledCurve {
    let values: [Double?]

    /// Nil: it is flat, and has nothing to keep.
    init?(_ values: [Double?]) {
        let known = values.compactMap { $0 }
        guard let least = known.min(), let most = known.max(), most > least else { return nil }
        self.values = values.map { $0.map { ($0 - least) / (most - least) } }
    }

    /// Nil: there is no value in the range.
    func mean(of range: Range<Int>) -> Double? {
        var (sum, count) = (0.0, 0)
        for index in range {
            guard let value = values[index] else { continue }
            sum += value
            count += 1
        }
        return count == 0 ? nil : sum / Double(count)
    }
}
