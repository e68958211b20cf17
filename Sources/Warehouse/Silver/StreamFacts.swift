import Streams

/// The figures of an activity's streams that the quality checks use. Pure. Nil: there is no such stream, or it has no value.
struct StreamFacts: Sendable, Equatable {
    let shortPoints: Int
    let disorderedPoints: Int?
    let endDistance_m: Double?
    let minHeartrate_bpm: Double?
    let maxHeartrate_bpm: Double?

    init(_ streams: DecodedStreams) {
        shortPoints = streams.shortPoints
        disorderedPoints = streams[.time].map(Self.disordered)
        endDistance_m = streams[.distance]?.last { !$0.isNaN }
        let beats = streams[.heartrate].flatMap(Self.bounds)
        minHeartrate_bpm = beats?.lowerBound
        maxHeartrate_bpm = beats?.upperBound
    }

    /// Points that `Timeline` skips.
    private static func disordered(_ times: [Double]) -> Int {
        var last = -1.0
        var count = 0
        for time in times {
            let second = time.rounded(.down)
            if second > last { last = second } else { count += 1 }
        }
        return count
    }

    private static func bounds(_ values: [Double]) -> ClosedRange<Double>? {
        var (low, high) = (Double.infinity, -Double.infinity)
        for value in values where !value.isNaN {
            low = min(low, value)
            high = max(high, value)
        }
        return low <= high ? low...high : nil
    }
}
