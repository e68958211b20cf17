/// A bike or a pair of shoes, in GET /athlete, in an activity's detail and in GET /gear/{id} (docs/strava-api.md 3.1 and 3.5).
enum GearJSON {
    static func write(_ gear: SimulatedGear, isDetailed: Bool, into json: inout JSONWriter) {
        json.field("id", gear.id)
        json.field("primary", !gear.isRetired)
        json.field("name", gear.name)
        json.field("nickname", gear.isBike ? "" : nil)
        json.field("resource_state", isDetailed ? 3 : 2)
        json.field("retired", gear.isRetired)
        json.field("distance", gear.distance_m)
        json.field("converted_distance", units: gear.distance_m / 100, places: 1)
        guard isDetailed else { return }
        json.field("brand_name", gear.name)
        json.field("model_name", gear.isBike ? "450" : gear.name)
        json.field("description", "")
        if gear.isBike {
            json.field("frame_type", 3)
            json.field("weight", units: 90, places: 1)
        } else {
            json.field("notification_distance", 0)
        }
    }
}
