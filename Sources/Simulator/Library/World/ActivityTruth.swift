import Core
import Foundation

/// One activity as it is in the simulated world, for tests to compare with what landed.
public struct ActivityTruth: Sendable {
    public let id: ActivityID
    public let athlete: AthleteID
    /// As listed: a hidden start time is midnight and one second.
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
    public var streams: SimulatedStreams? { StreamsMaker.streams(recipe) }
}
