/// The part of an activity that depends on what was worn.
extension ActivityJSON {
    func writeSensors(_ json: inout JSONWriter) {
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

    func writeUpload(_ json: inout JSONWriter) {
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

    /// A float mostly, at times an integer, at times null.
    private func writeEffort(_ json: inout JSONWriter) {
        let effort = shape.moving_s / 40
        switch recipe.seed % 12 {
        case 0: json.nullField("suffer_score")
        case 1: json.field("suffer_score", effort)
        default: json.field("suffer_score", units: effort * 10, places: 1)
        }
    }
}
