import Core
import Database

/// A series of an activity, as a client names it.
public enum StreamSeries: String, Sendable, CaseIterable {
    case time = "time_s"
    case distance = "distance_m"
    case altitude = "altitude_m"
    case velocity = "velocity_mps"
    case grade = "grade_percent"
    case heartrate = "heartrate_bpm"
    case cadence = "cadence_rpm"
    case power = "power_w"
    case temperature = "temperature_c"
    case moving
    /// Pairs of latitude and longitude in degrees.
    case position = "latlng"

    /// The columns of silver.activity_stream.
    fileprivate var columns: [String] { self == .position ? ["latitude_e6", "longitude_e6"] : [rawValue] }
}

extension OwnAnswers {
    /// Points in one answer: an activity of a day at one a second.
    public static let pointsMax = 100_000

    /// The series of one activity, thinned out to `pointsMax` points at most; nil: no streams of this activity are here.
    ///
    /// All series have the values of the same points, whose places in the recording, from 0, are in `indexes`.
    ///
    /// - Parameters:
    ///   - keys: what to show as far as it was recorded. `.position` only for a caller who may see places.
    ///   - pointsMax: at least 2.
    public func streams(
        _ activity: ActivityID, of athlete: AthleteID, keys: [StreamSeries], pointsMax: Int
    ) async throws -> String? {
        let columns = keys.flatMap(\.columns)
        let statement: SQL = """
            SELECT point_count, \(raw: columns.joined(separator: ", ")) FROM silver.activity_stream
            WHERE athlete_id = \(athlete) AND activity_id = \(activity) ORDER BY source_id LIMIT 1
            """
        let rows = try await reader(showsPlaces: keys.contains(.position)).read(athlete) { try await $0.query(statement) }
        guard let row = rows.first else { return nil }
        let pointCount: Int = try row.column(0)
        var recorded: [RecordedSeries] = []
        var place = 1
        for key in keys {
            if let series = try RecordedSeries(key, row, place) { recorded.append(series) }
            place += key.columns.count
        }
        let shapes = recorded.flatMap(\.shapes)
        let kept = LargestTriangles.indexes(of: shapes, count: pointCount, max: pointsMax)
        let series = recorded.map { "\"\($0.key.rawValue)\":[" + kept.map($0.text).joined(separator: ",") + "]" }
        return "{\"id\":\(activity),\"point_count\":\(pointCount),\"indexes\":[" + kept.map { "\($0)" }.joined(separator: ",")
            + "],\"series\":{" + series.joined(separator: ",") + "}}"
    }
}

/// The values of one series at all points.
private struct RecordedSeries: Sendable {
    private enum Values {
        case integers([Int32?])
        case decimals([Float?])
        case flags([Bool?])
        case positions([Int32?], [Int32?])
    }

    let key: StreamSeries
    private let values: Values

    /// Nil: it was not recorded.
    init?(_ key: StreamSeries, _ row: Row, _ place: Int) throws {
        self.key = key
        switch key {
        case .position:
            guard let latitudes: [Int32?] = try row.column(place), let longitudes: [Int32?] = try row.column(place + 1) else { return nil }
            values = .positions(latitudes, longitudes)
        case .moving:
            guard let flags: [Bool?] = try row.column(place) else { return nil }
            values = .flags(flags)
        case .distance, .altitude, .velocity, .grade:
            guard let decimals: [Float?] = try row.column(place) else { return nil }
            values = .decimals(decimals)
        case .time, .heartrate, .cadence, .power, .temperature:
            guard let integers: [Int32?] = try row.column(place) else { return nil }
            values = .integers(integers)
        }
    }

    /// The curves that thinning out is to keep. Time and distance rise steadily and have no shape to lose.
    var shapes: [[Double?]] {
        switch values {
        case .integers(let values): key == .time ? [] : [values.map { $0.map(Double.init) }]
        case .decimals(let values): key == .distance ? [] : [values.map { $0.map(Double.init) }]
        case .flags: []
        case .positions(let latitudes, let longitudes): [latitudes, longitudes].map { $0.map { $0.map(Double.init) } }
        }
    }

    /// The value at a point as JSON.
    func text(_ index: Int) -> String {
        switch values {
        case .integers(let values): values[index].map { "\($0)" } ?? "null"
        case .decimals(let values): values[index].flatMap { $0.isFinite ? "\($0)" : nil } ?? "null"
        case .flags(let values): values[index].map { $0 ? "true" : "false" } ?? "null"
        case .positions(let latitudes, let longitudes): Self.pair(latitudes[index], longitudes[index])
        }
    }

    private static func pair(_ latitude: Int32?, _ longitude: Int32?) -> String {
        guard let latitude, let longitude else { return "null" }
        return "[\(Double(latitude) / 1e6),\(Double(longitude) / 1e6)]"
    }
}
