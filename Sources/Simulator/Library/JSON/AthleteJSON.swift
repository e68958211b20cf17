/// GET /athlete: the summary, or with `profile:read_all` the full profile (docs/strava-api.md 3.1).
struct AthleteJSON {
    let spec: AthleteSpec
    let ordinal: Int

    func body(isDetailed: Bool) -> [UInt8] { JSONWriter.object { write(isDetailed: isDetailed, into: &$0) } }

    func write(isDetailed: Bool, into json: inout JSONWriter) {
        json.field("id", spec.id.rawValue)
        json.field("username", ordinal % 3 == 0 ? nil : "athlete_\(spec.id)")
        json.field("resource_state", isDetailed ? 3 : 2)
        json.field("firstname", "Athlete")
        json.field("lastname", String(ordinal + 1))
        json.field("bio", ordinal % 2 == 0 ? "" : nil)
        for name in ["city", "state", "country"] { json.field(name, "") }
        json.field("sex", ["M", "F", nil][ordinal % 3])
        json.field("premium", spec.isSubscriber)
        json.field("summit", spec.isSubscriber)
        json.field("created_at", "2017-11-28T19:05:35Z")
        json.field("updated_at", "2025-09-27T12:57:32Z")
        json.field("badge_type_id", spec.isSubscriber ? 1 : 0)
        if ordinal % 4 == 3 { json.nullField("weight") } else { json.field("weight", units: weight_g, places: 3) }
        json.field("profile_medium", "avatar/athlete/medium.png")
        json.field("profile", "avatar/athlete/large.png")
        json.nullField("friend")
        json.nullField("follower")
        if isDetailed { writeDetail(&json) }
    }

    private var weight_g: Int { 55_000 + ordinal * 1_255 % 40_000 }

    private func writeDetail(_ json: inout JSONWriter) {
        let gear = SimulatedGear.all(ordinal: ordinal).filter { !$0.isRetired }
        json.field("blocked", false)
        json.field("can_follow", true)
        json.field("follower_count", 211)
        json.field("friend_count", 286)
        json.field("mutual_friend_count", 0)
        json.field("athlete_type", ordinal % 2)
        json.field("date_preference", "%m/%d/%Y")
        json.field("measurement_preference", ordinal % 2 == 0 ? "meters" : "feet")
        json.field("clubs", array: { _ in })
        json.field("postable_clubs_count", 0)
        json.field("ftp", spec.ftp_w ?? (ordinal % 2 == 0 ? 240 + ordinal : nil))
        for (name, isBike) in [("bikes", true), ("shoes", false)] {
            json.field(
                name,
                array: { list in
                    for item in gear where item.isBike == isBike {
                        list.object { GearJSON.write(item, isDetailed: false, into: &$0) }
                    }
                })
        }
    }

    /// GET /athlete/zones: `power` is absent without an FTP.
    func zonesBody() -> [UInt8] {
        JSONWriter.object { json in
            json.field(
                "heart_rate",
                object: {
                    $0.field("custom_zones", false)
                    $0.field("zones", array: { writeZones([0, 111, 139, 152, 166], into: &$0) })
                })
            if ordinal % 2 == 0 {
                json.field("power", object: { $0.field("zones", array: { writeZones([0, 132, 180, 216, 252, 288, 360], into: &$0) }) })
            }
        }
    }

    private func writeZones(_ borders: [Int], into json: inout JSONWriter) {
        for (place, border) in borders.enumerated() {
            json.object {
                $0.field("min", border)
                $0.field("max", place + 1 < borders.count ? borders[place + 1] : -1)
            }
        }
    }
}

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

/// A bike or a pair of shoes.
public struct SimulatedGear: Sendable, Hashable {
    public let id: String
    public let name: String
    public let isBike: Bool
    /// Retired gear is missing from GET /athlete and stays on activities.
    public let isRetired: Bool
    public let distance_m: Int

    /// The gear of the athlete at this place in the world: a bike, a pair of shoes, a retired pair.
    static func all(ordinal: Int) -> [SimulatedGear] {
        let number = 16_000_000 + ordinal * 10
        return [
            .init(id: "b\(number)", name: "Trek ", isBike: true, isRetired: false, distance_m: 1_204_000),
            .init(id: "g\(number + 1)", name: "Adizero SL2", isBike: false, isRetired: false, distance_m: 336_329),
            .init(id: "g\(number + 2)", name: "Supernova ST", isBike: false, isRetired: true, distance_m: 966_309),
        ]
    }
}
