/// Where a series does what it can't have done: outliers, that go away and come back, and jumps after which it stays.
struct Continuity: Sendable {
    /// A run of more samples than this is no outlier.
    static let run_max = 60
    /// A short stretch is an outlier beside one that is so many times longer.
    private static let times = 4

    /// Samples to leave out, in order.
    private(set) var outliers: [Int] = []
    /// First samples of the stretches that do not continue the one before.
    private(set) var breaks: [Int] = []

    /// How many points a finding names.
    var count: Int { outliers.count + breaks.count }

    private struct Stretch {
        let first: Int
        var last: Int
        var count: Int
        /// All of its values are the code for "no value".
        var isBlank: Bool
    }

    /// The cost is one pass, and `run_max` looks ahead for each impossible step.
    /// - Parameters:
    ///   - count: number of samples.
    ///   - start_max: a stretch at the start that has no more samples is left out if the next one is much longer: there is no fix yet.
    ///   - isolated_max: the same for a stretch between two others, or at the end.
    ///   - isKnown: whether the sample has a value.
    ///   - isBlank: whether its value may be a code for "no value".
    ///   - isBack: whether the series is back at a sample that it can have reached from the last good one: arguments are the last good one, the
    ///     one before, and the sample. Nil: if it can't have come from the one before, since there and back are two jumps.
    ///   - isElsewhere: whether two samples are so far apart that a short stretch at the start or between two others is damage. Nil: always.
    ///   - isPossible: whether the series can have gone from one sample to a later one.
    @inline(__always) init(
        _ count: Int, start_max: Int, isolated_max: Int, isKnown: (Int) -> Bool, isBlank: (Int) -> Bool = { _ in false },
        isBack: ((Int, Int, Int) -> Bool)? = nil, isElsewhere: ((Int, Int) -> Bool)? = nil, isPossible: (Int, Int) -> Bool
    ) {
        var stretches: [Stretch] = []
        var current = Stretch(first: 0, last: -1, count: 0, isBlank: true)
        var place = 0
        while place < count {
            defer { place += 1 }
            if !isKnown(place) { continue }
            if current.last >= 0, !isPossible(current.last, place) {
                let back = Self.back(current.last, from: place, count, isKnown, isBlank, isBack, isPossible)
                if let back {
                    outliers += (place..<back).filter(isKnown)
                    place = back
                } else {
                    stretches.append(current)
                    current = Stretch(first: place, last: place, count: 0, isBlank: true)
                }
            }
            current.last = place
            current.count += 1
            if current.isBlank { current.isBlank = isBlank(place) }
        }
        if stretches.isEmpty { return }
        stretches.append(current)
        join(
            stretches, start_max: start_max, isolated_max: isolated_max, isKnown: isKnown, isElsewhere: isElsewhere, isPossible: isPossible)
    }

    /// The first sample behind a short run at which the series is back; a run of blanks may be of any length.
    private static func back(
        _ last: Int, from place: Int, _ count: Int, _ isKnown: (Int) -> Bool, _ isBlank: (Int) -> Bool,
        _ isBack: ((Int, Int, Int) -> Bool)?, _ isPossible: (Int, Int) -> Bool
    ) -> Int? {
        var (next, before) = (place, place)
        while next < count, !isKnown(next) || isBlank(next) {
            if isKnown(next) { before = next }
            next += 1
        }
        for candidate in next..<min(max(next, place + 1) + run_max, count) where candidate > place && isKnown(candidate) {
            if isPossible(last, candidate), isBack?(last, before, candidate) ?? !isPossible(before, candidate) { return candidate }
            before = candidate
        }
        return nil
    }

    private mutating func join(
        _ stretches: [Stretch], start_max: Int, isolated_max: Int, isKnown: (Int) -> Bool, isElsewhere: ((Int, Int) -> Bool)?,
        isPossible: (Int, Int) -> Bool
    ) {
        let isAllBlank = stretches.allSatisfy(\.isBlank)
        let left = Set(outliers)
        var last: Stretch?
        for (index, stretch) in stretches.enumerated() {
            let beside = [index - 1, index + 1].filter(stretches.indices.contains).map { stretches[$0] }.max { $0.count < $1.count }
            let isShort =
                stretch.count <= (index == 0 ? start_max : isolated_max) && stretch.count * Self.times <= beside?.count ?? 0
                && beside.map { isElsewhere?(stretch.last, $0.first) ?? true } ?? false
            if isShort || (stretch.isBlank && !isAllBlank) {
                outliers += (stretch.first...stretch.last).filter { isKnown($0) && !left.contains($0) }
                continue
            }
            if let last, !isPossible(last.last, stretch.first) { breaks.append(stretch.first) }
            last = stretch
        }
        outliers.sort()
    }
}
