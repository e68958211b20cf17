import Streams

/// The moments at which an activity was sampled: whole seconds since the start, strictly rising.
///
/// Streams are not 1 Hz: devices leave out points when little changes, and pauses are gaps. A gap of up to `gap_s_max` belongs to the
/// sample before it; a longer one is a pause, before which a sample stands for one second only.
struct Timeline: Sendable {
    /// Longest step within a recording: devices that thin out record at least about every eight seconds.
    static let gap_s_max = 10
    /// Seconds that are looked at, as many as points are allowed (23 days): a wrong time must not cost memory without end.
    static let span_s_max = StreamDecoder.points_max

    /// Second of each sample that counts.
    let seconds: [Int]
    /// Place of each of these samples in the stream's arrays.
    let points: [Int]

    /// - Parameter times: seconds as sent; what is missing, negative, out of bounds or not later than the one before is passed over.
    init(_ times: [Double]) {
        var seconds: [Int] = []
        var points: [Int] = []
        seconds.reserveCapacity(times.count)
        points.reserveCapacity(times.count)
        var last = -1
        for (point, time) in times.enumerated() where time >= 0 && time < Double(Self.span_s_max) {
            let second = Int(time.rounded(.down))
            if second <= last { continue }
            seconds.append(second)
            points.append(point)
            last = second
        }
        self.seconds = seconds
        self.points = points
    }

    /// Seconds from the start to the end of the last sample's own second.
    var span_s: Int { (seconds.last ?? -1) + 1 }

    /// How long a sample stands when the next one is at `next`.
    static func hold_s(from second: Int, to next: Int) -> Int { next - second <= gap_s_max ? next - second : 1 }

    /// How long the sample at a place stands; the last stands for one second.
    func hold_s(at place: Int) -> Int {
        place + 1 < seconds.count ? Self.hold_s(from: seconds[place], to: seconds[place + 1]) : 1
    }

    /// Seconds in which something was recorded.
    var recorded_s: Int { seconds.indices.reduce(0) { $0 + hold_s(at: $1) } }
}
