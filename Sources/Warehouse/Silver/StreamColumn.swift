/// The point series of an activity, in the order of the simdjson shim. Strava's `latlng` is two of them.
enum StreamColumn: Int, CaseIterable, Sendable {
    case time, distance, latitude, longitude, altitude, velocity, heartrate, cadence, watts, temperature, moving, grade

    /// Strava's name of the stream it comes from.
    var stravaName: String {
        switch self {
        case .latitude, .longitude: "latlng"
        case .velocity: "velocity_smooth"
        case .temperature: "temp"
        case .grade: "grade_smooth"
        case .time, .distance, .altitude, .heartrate, .cadence, .watts, .moving: "\(self)"
        }
    }
}
