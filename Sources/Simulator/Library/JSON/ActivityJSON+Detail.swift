/// The keys that only GET /activities/{id} has (docs/strava-api.md 3.3).
extension ActivityJSON {
    func writeDetail(_ json: inout JSONWriter, gear: SimulatedGear?) {
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

    var availableZones: [String] {
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

    /// A split for each started kilometre; its figures are those of the points that begin and end it.
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
