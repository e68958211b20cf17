/// The eleven streams of an activity, named as Strava names them (docs/strava-api.md 3.4).
public enum StreamKey: String, CaseIterable, Codable, Sendable {
    case time
    case distance
    case latlng
    case altitude
    case velocitySmooth = "velocity_smooth"
    case heartrate
    case cadence
    case watts
    case temp
    case moving
    case gradeSmooth = "grade_smooth"
}
