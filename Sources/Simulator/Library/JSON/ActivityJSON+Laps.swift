/// Laps, the same objects in the detail and in GET /activities/{id}/laps (docs/strava-api.md 3.5).
extension ActivityJSON {
    func lapsBody() -> [UInt8] {
        var json = JSONWriter()
        json.array { for lap in Laps.all(recipe) { writeLap(lap, into: &$0) } }
        return json.bytes
    }

    func writeLap(_ lap: Laps.Lap, into json: inout JSONWriter) {
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
