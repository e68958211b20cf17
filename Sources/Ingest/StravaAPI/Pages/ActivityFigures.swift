/// A list of figures of a summary, and a fingerprint over them that only changes when one of them does.
///
/// Strava marks no edit (no `updated_at`), so the rolling list pass compares fingerprints. What others do to an activity (kudos, comments,
/// photos, achievements) is left out, or every kudo would cost two calls. The order of keys, `0` beside `0.0`, a missing key beside `null`,
/// and an empty text beside `null` make no difference: Strava's answers vary in all of these.
struct ActivityFigures {
    private let keys: [String]

    /// The activity was edited, so its detail must be read again.
    static let content = ActivityFigures(
        keys: shape + [
            "start_date_local", "type", "sport_type", "name", "private", "visibility", "gear_id", "trainer", "commute",
            "device_name",
            "flagged", "workout_type",
        ])

    /// It was cropped, corrected or recorded anew, so its streams must be read again.
    static let streams = ActivityFigures(keys: shape)

    private static let shape = [
        "start_date", "elapsed_time", "moving_time", "distance", "total_elevation_gain", "has_heartrate", "average_speed",
        "max_speed",
        "average_heartrate", "max_heartrate", "average_cadence", "average_watts", "max_watts", "weighted_average_watts",
        "average_temp",
        "elev_high", "elev_low",
    ]

    /// 32 bytes. The text that is hashed must never change, or every activity looks edited; the version at its start says when it did.
    func fingerprint(of activity: JSONValue) -> [UInt8] {
        var text = "activity-figures-1\n"
        for key in keys { text += "\(key)=\(Self.canonical(activity[key]))\n" }
        text += "map.summary_polyline=\(Self.canonical(activity["map"]?["summary_polyline"]))\n"
        return SHA256.digest(Array(text.utf8))
    }

    /// Texts carry their length, so that no text can pass for another figure.
    private static func canonical(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null, .text(""): "-"
        case .bool(let flag): flag ? "true" : "false"
        case .text(let text): "\(text.utf8.count):\(text)"
        case .number(let digits): number(digits)
        case .list, .object: "?"
        }
    }

    private static func number(_ digits: String) -> String {
        guard let value = Double(digits), value.isFinite else { return digits }
        return Int64(exactly: value).map { String($0) } ?? value.description
    }
}
