import Core
import Foundation

/// One activity as it is in the simulated world, for tests to compare with what landed.
public struct ActivityTruth: Sendable {
    public let id: ActivityID
    public let athlete: AthleteID
    /// As listed: a hidden start time is one second past midnight.
    public let startAt: Date
    public let name: String
    public let kind: ActivityKind
    public let sportType: String
    public let visibility: ActivityVisibility
    public let gearID: String?
    public let distance_m: Double
    public let moving_s: Int
    public let elapsed_s: Int
    public let lapCount: Int
    /// Points per stream; 0 when Strava has no streams.
    public let pointCount: Int
    let recipe: ActivityRecipe

    init(_ recipe: ActivityRecipe) {
        let shape = ActivityShape(recipe)
        id = recipe.id
        athlete = recipe.athlete
        startAt = Date(epoch_s: recipe.listedStart_s)
        name = recipe.name
        kind = recipe.kind
        sportType = recipe.sportType
        visibility = recipe.visibility
        gearID = recipe.gearID
        distance_m = Double(shape.distance_dm) / 10
        moving_s = shape.moving_s
        elapsed_s = shape.elapsed_s
        lapCount = Laps.count(recipe)
        pointCount = recipe.keptPoints
        self.recipe = recipe
    }

    public var isManual: Bool { kind == .manual }

    /// The streams, computed on each call; nil when Strava answers 404 for them.
    public var streams: SimulatedStreams? { SimulatedStreams.of(recipe) }
}

/// Answers as the server would send them, for callers that land them without HTTP.
extension ActivityTruth {
    /// The activity's element in a page of the list.
    public var summaryBody: [UInt8] {
        var json = JSONWriter(capacity: 4 << 10)
        ActivityJSON.summary(recipe, into: &json)
        return json.bytes
    }

    /// - Parameter ordinal: the athlete's place in the world: it names the gear.
    fileprivate func detailBody(ordinal: Int) -> [UInt8] {
        ActivityJSON.detail(recipe, gear: SimulatedGear.all(ordinal: ordinal).first { $0.id == recipe.gearID })
    }

    /// All streams, keyed by type; nil when Strava answers 404 for them.
    public var streamsBody: [UInt8]? {
        streams.map { StreamsJSON.body($0, wanted: $0.keys, isKeyed: true) }
    }
}

extension SimulatorWorld {
    /// GET /activities/{id}; nil when there is no such activity.
    public func detailBody(of activity: ActivityID) -> [UInt8]? {
        guard let truth = truth(for: activity), let ordinal = ordinal(truth.athlete) else { return nil }
        return truth.detailBody(ordinal: ordinal)
    }

    /// GET /athlete with all that a full grant shows; nil when there is no such athlete.
    public func profileBody(of athlete: AthleteID) -> [UInt8]? {
        guard let spec = spec(athlete), let ordinal = ordinal(athlete) else { return nil }
        return AthleteJSON(spec: spec, ordinal: ordinal).body(isDetailed: true)
    }

    /// GET /athlete/zones; nil when there is no such athlete.
    public func zonesBody(of athlete: AthleteID) -> [UInt8]? {
        guard let spec = spec(athlete), let ordinal = ordinal(athlete) else { return nil }
        return AthleteJSON(spec: spec, ordinal: ordinal).zonesBody()
    }
}
