/// The streams of one activity as index-aligned series: all have `count` elements, a missing point is NaN, a stream that Strava
/// did not send has no series.
///
/// Units as Strava's: seconds, metres, degrees, metres per second, beats and revolutions a minute, watts, °C, 0 or 1, percent.
struct DecodedStreams: Sendable, Equatable {
    let count: Int
    /// Points before Strava thinned them out.
    let originalSize: Int?
    let seriesType: String?
    let resolution: String?
    /// Points by which the shortest list was shorter than the longest.
    let shortPoints: Int
    /// What contradicts itself in the answer.
    let faults: StreamFaults
    private let series: [[Double]?]

    /// - Parameter series: in the order of `StreamColumn`; series of different length are filled up with NaN to the longest.
    init(series: [[Double]?], originalSize: Int?, seriesType: String?, resolution: String?, faults: StreamFaults = []) {
        self.faults = faults
        let counts = series.compactMap { $0?.count }
        let longest = counts.max() ?? 0
        count = longest
        shortPoints = longest - (counts.min() ?? 0)
        self.originalSize = originalSize
        self.seriesType = seriesType
        self.resolution = resolution
        self.series = Self.withoutImpossiblePositions(series.map { $0.map { Self.filled($0, to: longest) } })
    }

    func has(_ column: StreamColumn) -> Bool { series[column.rawValue] != nil }

    /// The series with NaN for missing points; nil when Strava sent none.
    subscript(column: StreamColumn) -> [Double]? { series[column.rawValue] }

    /// The series with nil for missing points; nil when Strava sent none.
    func values(_ column: StreamColumn) -> [Double?]? { series[column.rawValue]?.map { $0.isNaN ? nil : $0 } }

    /// Memory held by the series.
    var bytes: Int { series.reduce(0) { $0 + ($1?.count ?? 0) * MemoryLayout<Double>.size } }

    private static func filled(_ values: [Double], to count: Int) -> [Double] {
        values.count == count ? values : values + Array(repeating: .nan, count: count - values.count)
    }

    /// A pair with a half that is missing or out of range is no position.
    private static func withoutImpossiblePositions(_ series: [[Double]?]) -> [[Double]?] {
        guard var latitudes = series[StreamColumn.latitude.rawValue], var longitudes = series[StreamColumn.longitude.rawValue] else {
            return series
        }
        for index in latitudes.indices where !(abs(latitudes[index]) <= 90 && abs(longitudes[index]) <= 180) {
            latitudes[index] = .nan
            longitudes[index] = .nan
        }
        var series = series
        series[StreamColumn.latitude.rawValue] = latitudes
        series[StreamColumn.longitude.rawValue] = longitudes
        return series
    }
}
