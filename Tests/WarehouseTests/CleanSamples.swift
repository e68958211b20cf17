import Testing

@testable import Streams
@testable import Warehouse

/// Streams and their parts for tests, without a body to decode.
struct CleanSamples {
    /// Seconds of an hour's ride at one point a second.
    static let hour = (0..<3600).map(Double.init)

    var series: [StreamColumn: [Double]]

    init(_ series: [StreamColumn: [Double]]) { self.series = series }

    /// An hour's ride at 8 m/s, 200 W, 140 beats, 90 revolutions, at 100 m above the sea, northwards from 47° north, 8° east.
    static let ride = CleanSamples([
        .time: hour, .distance: hour.map { $0 * 8 }, .watts: hour.map { _ in 200 }, .heartrate: hour.map { _ in 140 },
        .cadence: hour.map { _ in 90 }, .altitude: hour.map { _ in 100 }, .latitude: hour.map { 47 + $0 * 8 / 111_195 },
        .longitude: hour.map { _ in 8 },
    ])

    var decoded: DecodedStreams {
        DecodedStreams(series: StreamColumn.allCases.map { series[$0] }, originalSize: nil, seriesType: nil, resolution: nil)
    }

    func clean() throws -> CleanStreams { try #require(CleanStreams(decoded)) }

    func rollup() throws -> ActivityRollup { ActivityRollup(try clean()) }

    /// The same with other values at some places.
    func with(_ column: StreamColumn, _ changes: [Int: Double]) -> CleanSamples {
        var copy = self
        for (place, value) in changes { copy.series[column]?[place] = value }
        return copy
    }

    /// The same with other values in a range.
    func with(_ column: StreamColumn, _ range: Range<Int>, _ value: (Int) -> Double) -> CleanSamples {
        with(column, Dictionary(uniqueKeysWithValues: range.map { ($0, value($0)) }))
    }
}

extension Timeline {
    /// - Parameters:
    ///   - times: as sent.
    ///   - metres: as sent.
    init(_ times: [Double], metres: [Double]? = nil, moving: [Double]? = nil) {
        let clock = SampleClock(times)
        let distance = metres.map { CleanDistance(seconds: clock.seconds, clock.align($0)) }
        self.init(clock, metres: distance?.metres, moving: moving.map(clock.align))
    }
}

extension DistanceTrack {
    init(_ times: [Double], _ metres: [Double]) {
        let clock = SampleClock(times)
        self.init(Timeline(times, metres: metres), CleanDistance(seconds: clock.seconds, clock.align(metres)))
    }
}
