/// Computes the streams of an activity from its shape; nil for kinds that have none.
struct StreamsMaker {
    private let recipe: ActivityRecipe
    private let shape: ActivityShape
    private let body: ActivityBody

    init(_ recipe: ActivityRecipe) {
        self.recipe = recipe
        shape = ActivityShape(recipe)
        body = ActivityBody(recipe)
    }

    static func streams(_ recipe: ActivityRecipe) -> SimulatedStreams? {
        recipe.kind.hasStreams ? StreamsMaker(recipe).make() : nil
    }

    private func make() -> SimulatedStreams {
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
