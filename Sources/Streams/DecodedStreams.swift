import CSimdjson

/// The streams of one activity as index-aligned series: all have `count` elements, a missing point is NaN, a stream that Strava
/// did not send has no series.
///
/// Units are Strava's: seconds, metres, degrees, metres per second, beats and revolutions per minute, watts, °C, 0 or 1, percent.
public struct DecodedStreams: Sendable, Equatable {
    public let count: Int
    /// Number of points before Strava thinned them out.
    public let originalSize: Int?
    public let seriesType: String?
    public let resolution: String?
    /// How many points the shortest series had fewer than the longest.
    public let shortPoints: Int
    /// In what way the answer contradicts itself.
    let faults: StreamFaults
    private let series: [[Double]?]
    private let sentCounts: [Int]

    /// - Parameter series: in the order of `StreamColumn`; shorter series are filled up with NaN to the length of the longest.
    init(series: [[Double]?], originalSize: Int?, seriesType: String?, resolution: String?, faults: StreamFaults = []) {
        self.faults = faults
        let counts = series.compactMap { $0?.count }
        sentCounts = series.map { $0?.count ?? 0 }
        let longest = counts.max() ?? 0
        count = longest
        shortPoints = longest - (counts.min() ?? 0)
        self.originalSize = originalSize
        self.seriesType = seriesType
        self.resolution = resolution
        self.series = Self.withoutImpossiblePositions(series.map { $0.map { Self.filled($0, to: longest) } })
    }

    public func has(_ column: StreamColumn) -> Bool { series[column.rawValue] != nil }

    /// The series with NaN for missing points; nil when Strava sent none.
    public subscript(column: StreamColumn) -> [Double]? { series[column.rawValue] }

    /// Elements that Strava sent, before the series was filled up; 0 when it sent none.
    public func sentCount(_ column: StreamColumn) -> Int { sentCounts[column.rawValue] }

    /// Memory held by the series.
    public var bytes: Int { series.reduce(0) { $0 + ($1?.count ?? 0) * MemoryLayout<Double>.size } }

    private static func filled(_ values: [Double], to count: Int) -> [Double] {
        values.count == count ? values : values + Array(repeating: .nan, count: count - values.count)
    }

    /// A pair with one half missing or out of range is no position.
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

/// The point series of an activity, in the order of the simdjson shim. Strava's `latlng` is two of them.
public enum StreamColumn: Int, CaseIterable, Sendable {
    case time, distance, latitude, longitude, altitude, velocity, heartrate, cadence, watts, temperature, moving, grade

    /// Strava's name of the stream it comes from.
    public var stravaName: String {
        switch self {
        case .latitude, .longitude: "latlng"
        case .velocity: "velocity_smooth"
        case .temperature: "temp"
        case .grade: "grade_smooth"
        case .time, .distance, .altitude, .heartrate, .cadence, .watts, .moving: "\(self)"
        }
    }
}

/// In what way a streams answer contradicts itself; the bits of the simdjson shim.
struct StreamFaults: OptionSet, Sendable, Equatable {
    let rawValue: Int
    static let form = StreamFaults(rawValue: Int(FSJ_FAULT_FORM))
    static let lengths = StreamFaults(rawValue: Int(FSJ_FAULT_LENGTHS))
}
