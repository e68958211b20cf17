/// An activity in the list and in the detail: keys are present, absent, null or empty as recorded in October 2025 (docs/strava-api.md 3.2).
struct ActivityJSON {
    private let recipe: ActivityRecipe
    private let shape: ActivityShape
    private let body: ActivityBody
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

/// The keys that depend on the sensors and on the upload.
extension ActivityJSON {
    private func writeSensors(_ json: inout JSONWriter) {
        if recipe.kind.hasCadence { json.field("average_cadence", units: body.average_rpm * 10 + 3, places: 1) }
        if recipe.kind.hasTemperature { json.field("average_temp", body.base_c) }
        writePower(&json)
        json.field("has_heartrate", recipe.hasHeartrate)
        if recipe.hasHeartrate {
            json.field("average_heartrate", units: body.average_bpm * 10 + Int(recipe.seed % 10), places: 1)
            json.field("max_heartrate", units: body.max_bpm * 10, places: 1)
        }
        json.field("heartrate_opt_out", false)
        json.field("display_hide_heartrate_option", recipe.hasHeartrate)
        if recipe.kind.hasAltitude {
            json.field("elev_high", units: Int((shape.base_m + shape.hill_m) * 10), places: 1)
            json.field("elev_low", units: Int((shape.base_m - shape.hill_m) * 10), places: 1)
        }
    }

    /// Rides without a meter get Strava's estimate: `average_watts`, but no `device_watts`.
    private func writePower(_ json: inout JSONWriter) {
        if recipe.hasPower {
            json.field("average_watts", units: body.base_w * 10 + 4, places: 1)
            json.field("max_watts", body.base_w * 14 / 10 + 24)
            json.field("weighted_average_watts", body.base_w + 9)
            json.field("device_watts", true)
            json.field("kilojoules", units: body.base_w * shape.moving_s / 100, places: 1)
        } else if recipe.kind == .ride || (recipe.kind == .hike && recipe.seed % 2 == 0) {
            json.field("average_watts", units: body.base_w * 7, places: 1)
            json.field("kilojoules", units: body.base_w * 7 * shape.moving_s / 1000, places: 1)
        }
    }

    private func writeUpload(_ json: inout JSONWriter) {
        if recipe.kind == .manual {
            json.nullField("upload_id")
            json.nullField("external_id")
        } else {
            let upload = recipe.id.rawValue + 1_083_785_910
            json.field("upload_id", upload)
            json.field("upload_id_str", String(upload))
            json.field("external_id", "garmin_ping_\(upload % 1_000_000_007)")
            json.field("device_name", recipe.kind == .virtualRide ? "Zwift" : "Garmin Forerunner 945")
        }
        json.field("from_accepted_tag", false)
        json.field("pr_count", Int(recipe.seed % 3))
        json.field("total_photo_count", 0)
        json.field("has_kudoed", false)
        if recipe.hasHeartrate { writeEffort(&json) }
    }

    /// Mostly a float, sometimes an integer or null.
    private func writeEffort(_ json: inout JSONWriter) {
        let effort = shape.moving_s / 40
        switch recipe.seed % 12 {
        case 0: json.nullField("suffer_score")
        case 1: json.field("suffer_score", effort)
        default: json.field("suffer_score", units: effort * 10, places: 1)
        }
    }
}

/// The keys that only GET /activities/{id} has (docs/strava-api.md 3.3).
extension ActivityJSON {
    private func writeDetail(_ json: inout JSONWriter, gear: SimulatedGear?) {
        json.field("description", [nil, "", "Line one\r\nline \"two\""][Int(recipe.seed % 3)])
        if recipe.seed % 10 == 0 {
            json.field("calories", 0)
        } else {
            json.field("calories", units: shape.moving_s * 17 / 10, places: 1)
        }
        json.nullField("perceived_exertion")
        json.field("prefer_perceived_exertion", recipe.seed % 2 == 0 ? nil : 0)
        json.field("segment_efforts", array: { _ in })
        if recipe.kind.isRun { writeSplits(&json) }
        if recipe.kind != .manual {
            json.field("laps", array: { for lap in Laps.all(recipe) { writeLap(lap, into: &$0) } })
        }
        if let gear { json.field("gear", object: { GearJSON.write(gear, isDetailed: false, into: &$0) }) }
        json.field(
            "photos",
            object: {
                $0.nullField("primary")
                $0.field("count", 0)
            })
        json.field("stats_visibility", array: writeStatsVisibility)
        json.field("hide_from_home", false)
        json.field("embed_token", "embed\(recipe.id)")
        if recipe.kind.isRun { json.field("similar_activities", object: { $0.field("effort_count", 0) }) }
        json.field("available_zones", array: { for zone in availableZones { $0.string(zone) } })
    }

    private var availableZones: [String] {
        (recipe.hasHeartrate ? ["heartrate"] : []) + (recipe.hasPower ? ["power"] : [])
    }

    private func writeStatsVisibility(_ json: inout JSONWriter) {
        for type in ["heart_rate", "pace", "power", "speed", "calories"] {
            json.object {
                $0.field("type", type)
                $0.field("visibility", "everyone")
            }
        }
    }

    /// A split for each kilometre begun, at the activity's mean speed.
    private func writeSplits(_ json: inout JSONWriter) {
        let kilometres = min(200, 1 + shape.distance_dm / 10_000)
        json.field("splits_metric", array: { for number in 1...kilometres { writeSplit(number, of: kilometres, into: &$0) } })
        json.field("splits_standard", array: { _ in })
        json.field("best_efforts", array: { _ in })
    }

    private func writeSplit(_ number: Int, of count: Int, into json: inout JSONWriter) {
        let distance_dm = number < count ? 10_000 : max(1, shape.distance_dm % 10_000)
        let seconds = Int(Double(distance_dm) / 10 / max(0.1, shape.speed_mps))
        json.object {
            $0.field("distance", units: distance_dm, places: 1)
            $0.field("elapsed_time", seconds)
            $0.field("elevation_difference", units: Int(recipe.seed % 90) - 45, places: 1)
            $0.field("moving_time", seconds)
            $0.field("split", number)
            $0.field("average_speed", units: Int(shape.speed_mps * 100), places: 2)
            $0.nullField("average_grade_adjusted_speed")
            if recipe.hasHeartrate { $0.field("average_heartrate", units: body.average_bpm * 10, places: 1) }
            $0.field("pace_zone", 0)
        }
    }
}

/// Laps, the same objects in the detail and in GET /activities/{id}/laps (docs/strava-api.md 3.5).
extension ActivityJSON {
    func lapsBody() -> [UInt8] {
        var json = JSONWriter()
        json.array { for lap in Laps.all(recipe) { writeLap(lap, into: &$0) } }
        return json.bytes
    }

    private func writeLap(_ lap: Laps.Lap, into json: inout JSONWriter) {
        json.object { json in
            json.field("id", recipe.id.rawValue * 4 + Int64(lap.number))
            json.field("resource_state", 2)
            json.field("name", "Lap \(lap.number)")
            writeOwner(&json)
            writeLapFigures(lap, &json)
            json.field("lap_index", lap.number)
            json.field("split", lap.number)
            json.field("start_index", lap.start)
            json.field("end_index", lap.end)
            writeLapSensors(&json)
        }
    }

    private func writeOwner(_ json: inout JSONWriter) {
        json.field(
            "activity",
            object: {
                $0.field("id", recipe.id.rawValue)
                $0.field("visibility", recipe.visibility.rawValue)
                $0.field("resource_state", 1)
            })
        json.field(
            "athlete",
            object: {
                $0.field("id", recipe.athlete.rawValue)
                $0.field("resource_state", 1)
            })
    }

    private func writeLapFigures(_ lap: Laps.Lap, _ json: inout JSONWriter) {
        let hasPoints = recipe.kind.hasStreams
        let elapsed_s = hasPoints ? shape.time_s(at: lap.end) - shape.time_s(at: lap.start) : shape.elapsed_s
        let moving_s = hasPoints ? shape.movingSeconds(at: lap.end) - shape.movingSeconds(at: lap.start) : shape.moving_s
        let distance_dm =
            recipe.kind.hasDistance ? shape.distance_dm(at: lap.end) - shape.distance_dm(at: lap.start) : shape.distance_dm
        let start_s = recipe.listedStart_s + Int64(hasPoints ? shape.time_s(at: lap.start) : 0)
        json.field("elapsed_time", elapsed_s)
        json.field("moving_time", moving_s)
        json.field("start_date", CivilTime.iso(start_s))
        json.field("start_date_local", CivilTime.iso(start_s + recipe.zone.offset_s(at: recipe.start_s)))
        json.field("distance", units: distance_dm, places: 1)
        json.field("average_speed", units: moving_s == 0 ? 0 : distance_dm * 10 / moving_s, places: 2)
        json.field("max_speed", units: shape.maxSpeed_mmps, places: 3)
        json.field("total_elevation_gain", shape.climb_m / max(1, Laps.count(recipe)))
    }

    private func writeLapSensors(_ json: inout JSONWriter) {
        if recipe.kind.hasCadence { json.field("average_cadence", units: body.average_rpm * 10 + 5, places: 1) }
        json.field("device_watts", recipe.hasPower)
        if recipe.hasPower { json.field("average_watts", units: body.base_w * 10, places: 1) }
        if recipe.hasHeartrate {
            json.field("average_heartrate", units: body.average_bpm * 10, places: 1)
            json.field("max_heartrate", units: body.max_bpm * 10, places: 1)
        }
        if recipe.kind.isRun { json.field("pace_zone", Int(recipe.seed % 5)) }
    }
}

/// Google's encoded polyline (developers.google.com/maps/documentation/utilities/polylinealgorithm), five decimal places.
private enum Polyline {
    static func encode(_ points: [(latitude_udeg: Int, longitude_udeg: Int)]) -> String {
        var text: [UInt8] = []
        var last = (latitude: 0, longitude: 0)
        for point in points {
            let next = (latitude: point.latitude_udeg / 10, longitude: point.longitude_udeg / 10)
            append(next.latitude - last.latitude, to: &text)
            append(next.longitude - last.longitude, to: &text)
            last = next
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ delta: Int, to text: inout [UInt8]) {
        var bits = delta < 0 ? ~(delta << 1) : delta << 1
        while bits >= 0x20 {
            text.append(UInt8((0x20 | (bits & 0x1F)) + 63))
            bits >>= 5
        }
        text.append(UInt8(bits + 63))
    }
}
