/// Where an athlete was along the way at each sample: seconds strictly rising, metres never falling.
struct DistanceTrack: Sendable {
    /// 100,000 km: beyond it a distance is an error.
    static let metres_max = 1e8

    let seconds: [Int]
    let metres: [Double]

    init(_ timeline: Timeline, _ distances: [Double]) {
        var seconds: [Int] = []
        var metres: [Double] = []
        for (second, point) in zip(timeline.seconds, timeline.points) {
            let distance = distances[point]
            guard distance >= (metres.last ?? 0), distance <= Self.metres_max else { continue }
            seconds.append(second)
            metres.append(distance)
        }
        self.seconds = seconds
        self.metres = metres
    }
}
