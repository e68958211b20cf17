/// An activity as the list and the detail give it, keys present, absent, null or empty as recorded in October 2025
/// (docs/strava-api.md 3.2).
struct ActivityJSON {
    let recipe: ActivityRecipe
    let shape: ActivityShape
    let body: ActivityBody
    private let isDetailed: Bool

    init(_ recipe: ActivityRecipe, isDetailed: Bool) {
        self.recipe = recipe
        self.isDetailed = isDetailed
        shape = ActivityShape(recipe)
        body = ActivityBody(recipe)
    }

    static func summary(_ recipe: ActivityRecipe, into json: inout JSONWriter) {
        json.object { ActivityJSON(recipe, isDetailed: false).write(&$0) }
    }

    static func detail(_ recipe: ActivityRecipe, gear: SimulatedGear?) -> [UInt8] {
        let activity = ActivityJSON(recipe, isDetailed: true)
        return JSONWriter.object { json in
            activity.write(&json)
            activity.writeDetail(&json, gear: gear)
        }
    }

    private var isManual: Bool { recipe.kind == .manual }

    private func write(_ json: inout JSONWriter) {
        json.field("resource_state", isDetailed ? 3 : 2)
        json.field(
            "athlete",
            object: {
                $0.field("id", recipe.athlete.rawValue)
                $0.field("resource_state", 1)
            })
        writeFigures(&json)
        writePlace(&json)
        writeFlags(&json)
        writeSensors(&json)
        writeUpload(&json)
    }

    private func writeFigures(_ json: inout JSONWriter) {
        json.field("name", recipe.name)
        json.field("distance", units: shape.distance_dm, places: 1)
        json.field("moving_time", shape.moving_s)
        json.field("elapsed_time", shape.elapsed_s)
        writeClimb(&json, "total_elevation_gain", shape.climb_m)
        json.field("type", recipe.legacyType)
        json.field("sport_type", recipe.sportType)
        if recipe.kind.isRun { json.field("workout_type", recipe.seed % 3 == 0 ? nil : Int(recipe.seed % 4)) }
        json.field("id", recipe.id.rawValue)
    }

    /// A bare `0` or a float, never `0.0`.
    private func writeClimb(_ json: inout JSONWriter, _ name: String, _ climb_m: Int) {
        if climb_m == 0 { json.field(name, 0) } else { json.field(name, units: climb_m * 10, places: 1) }
    }

    private func writePlace(_ json: inout JSONWriter) {
        let start = recipe.listedStart_s
        let offset = recipe.zone.offset_s(at: recipe.start_s)
        json.field("start_date", CivilTime.iso(start))
        json.field("start_date_local", CivilTime.iso(recipe.hidesStart ? start : start + offset))
        json.field("timezone", recipe.zone.label)
        json.field("utc_offset", units: Int(offset) * 10, places: 1)
        json.nullField("location_city")
        json.nullField("location_state")
        json.field("location_country", recipe.seed % 9 == 0 ? "" : nil)
        for name in ["achievement_count", "kudos_count", "comment_count"] { json.field(name, Int((recipe.seed >> 40) % 7)) }
        json.field("athlete_count", 1 + Int((recipe.seed >> 50) % 3))
        json.field("photo_count", 0)
        writeMap(&json)
    }

    private func writeMap(_ json: inout JSONWriter) {
        json.field(
            "map",
            object: { map in
                map.field("id", "a\(recipe.id)")
                if isDetailed { map.field("polyline", polyline(points: 200)) }
                map.field("summary_polyline", polyline(points: 24))
                map.field("resource_state", isDetailed ? 3 : 2)
            })
    }

    private func polyline(points: Int) -> String {
        guard recipe.kind.hasPosition else { return "" }
        let last = recipe.keptPoints - 1
        return Polyline.encode(
            (0...points).map {
                let position = shape.position_udeg(at: last * $0 / points)
                return (position.latitude, position.longitude)
            })
    }

    private func writeFlags(_ json: inout JSONWriter) {
        json.field("trainer", recipe.kind.isTrainer)
        json.field("commute", recipe.kind == .ride && recipe.seed % 8 == 0)
        json.field("manual", isManual)
        json.field("private", recipe.visibility == .onlyMe)
        json.field("visibility", recipe.visibility.rawValue)
        json.field("flagged", false)
        json.field("gear_id", recipe.gearID)
        writePosition(&json, "start_latlng", 0)
        writePosition(&json, "end_latlng", max(0, recipe.keptPoints - 1))
        json.field("average_speed", units: shape.averageSpeed_mmps, places: 3)
        if isManual { json.field("max_speed", 0) } else { json.field("max_speed", units: shape.maxSpeed_mmps, places: 3) }
    }

    private func writePosition(_ json: inout JSONWriter, _ name: String, _ index: Int) {
        json.field(
            name,
            array: { list in
                guard recipe.kind.hasPosition else { return }
                let position = shape.position_udeg(at: index)
                list.decimal(position.latitude, places: 6)
                list.decimal(position.longitude, places: 6)
            })
    }
}
