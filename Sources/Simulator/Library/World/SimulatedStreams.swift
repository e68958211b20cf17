import Foundation

/// The streams of one activity as Strava has them: aligned by index, a stream that was not recorded is nil.
///
/// Kept as whole numbers of the last digit that Strava sends; the public arrays are exactly the doubles one gets by reading the
/// JSON text.
public struct SimulatedStreams: Sendable, Equatable {
    /// Seconds since the start.
    public internal(set) var time: [Int] = []
    public internal(set) var moving: [Bool] = []
    /// Beats per minute.
    public internal(set) var heartrate: [Int]?
    /// Revolutions per minute, one leg for runs.
    public internal(set) var cadence: [Int]?
    /// Watts; some points of outdoor rides are null.
    public internal(set) var watts: [Int?]?
    /// Degrees Celsius; may begin with nulls.
    public internal(set) var temp: [Int?]?

    var distance_dm: [Int]?
    var speed_mmps: [Int] = []
    var altitude_dm: [Int]?
    var grade_permille: [Int]?
    var latitude_udeg: [Int]?
    var longitude_udeg: [Int]?

    /// Points in each stream.
    public var count: Int { time.count }
    /// Metres since the start.
    public var distance: [Double]? { distance_dm?.map { Double($0) / 10 } }
    /// Metres per second.
    public var velocitySmooth: [Double] { speed_mmps.map { Double($0) / 1000 } }
    /// Metres above the sea.
    public var altitude: [Double]? { altitude_dm?.map { Double($0) / 10 } }
    /// Percent.
    public var gradeSmooth: [Double]? { grade_permille?.map { Double($0) / 10 } }
    /// Degrees.
    public var latitude: [Double]? { latitude_udeg?.map { Double($0) / 1e6 } }
    /// Degrees.
    public var longitude: [Double]? { longitude_udeg?.map { Double($0) / 1e6 } }

    /// The keys of the streams that exist, in Strava's spelling.
    public var keys: [String] {
        var keys = ["time", "velocity_smooth", "moving"]
        if distance_dm != nil { keys.append("distance") }
        if latitude_udeg != nil { keys.append("latlng") }
        if altitude_dm != nil { keys.append("altitude") }
        if heartrate != nil { keys.append("heartrate") }
        if cadence != nil { keys.append("cadence") }
        if watts != nil { keys.append("watts") }
        if temp != nil { keys.append("temp") }
        if grade_permille != nil { keys.append("grade_smooth") }
        return keys
    }
}
