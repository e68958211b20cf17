/// The streams of one activity as Strava has them: aligned by index, a stream that was not recorded is nil.
///
/// Kept as whole numbers of the last digit that Strava sends; the public arrays are exactly the doubles that the JSON text stands for.
public struct SimulatedStreams: Sendable, Equatable {
    /// Seconds since the start.
    public fileprivate(set) var time: [Int] = []
    public fileprivate(set) var moving: [Bool] = []
    /// Beats per minute.
    public fileprivate(set) var heartrate: [Int]?
    /// Revolutions per minute, one leg for runs.
    public fileprivate(set) var cadence: [Int]?
    /// Watts; some points of outdoor rides are null.
    public fileprivate(set) var watts: [Int?]?
    /// Degrees Celsius; may begin with nulls.
    public fileprivate(set) var temp: [Int?]?

    fileprivate(set) var distance_dm: [Int]?
    fileprivate(set) var speed_mmps: [Int] = []
    fileprivate(set) var altitude_dm: [Int]?
    fileprivate(set) var grade_permille: [Int]?
    fileprivate(set) var latitude_udeg: [Int]?
    fileprivate(set) var longitude_udeg: [Int]?

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

    /// Nil for kinds that have no streams.
    static func of(_ recipe: ActivityRecipe) -> SimulatedStreams? {
        recipe.kind.hasStreams ? StreamsMaker(recipe).make() : nil
    }

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

/// Computes the streams of an activity from its shape.
private struct StreamsMaker {
    private let recipe: ActivityRecipe
    private let shape: ActivityShape
    private let body: ActivityBody

    init(_ recipe: ActivityRecipe) {
        self.recipe = recipe
        shape = ActivityShape(recipe)
        body = ActivityBody(recipe)
    }

    func make() -> SimulatedStreams {
        let kind = recipe.kind
        let all = 0..<recipe.keptPoints
        var streams = SimulatedStreams()
        streams.time = all.map(shape.time_s)
        streams.moving = all.map(shape.isMoving)
        streams.speed_mmps = all.map(shape.speed_mmps)
        if kind.hasDistance { streams.distance_dm = all.map(shape.distance_dm(at:)) }
        if kind.hasAltitude {
            streams.altitude_dm = all.map(shape.altitude_dm)
            streams.grade_permille = all.map(shape.grade_permille)
        }
        if kind.hasPosition {
            let positions = all.map(shape.position_udeg)
            streams.latitude_udeg = positions.map(\.latitude)
            streams.longitude_udeg = positions.map(\.longitude)
        }
        addSensors(&streams)
        return streams
    }

    private func addSensors(_ streams: inout SimulatedStreams) {
        let all = 0..<recipe.keptPoints
        if recipe.hasHeartrate { streams.heartrate = all.map { body.heartrate($0, shape) } }
        if recipe.kind.hasCadence { streams.cadence = all.map { body.cadence($0, shape) } }
        if recipe.hasPower { streams.watts = all.map { body.watts($0, shape) } }
        if recipe.kind.hasTemperature { streams.temp = all.map { body.temperature($0, shape) } }
    }
}
