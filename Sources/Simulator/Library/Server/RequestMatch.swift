import Core

/// Which requests a fault or a gate is for.
public struct RequestMatch: Sendable {
    let matches: @Sendable (_ method: String, _ path: String, _ athlete: AthleteID?) -> Bool

    public init(_ matches: @escaping @Sendable (_ method: String, _ path: String, _ athlete: AthleteID?) -> Bool) {
        self.matches = matches
    }

    public static let any = RequestMatch { _, _, _ in true }
    /// Paths that begin so: `/api/v3/athlete/activities`, `/oauth/token`.
    public static func path(_ prefix: String) -> RequestMatch { .init { _, path, _ in path.hasPrefix(prefix) } }
    public static func athlete(_ id: AthleteID) -> RequestMatch { .init { _, _, athlete in athlete == id } }
    /// Detail, laps, zones and streams of one activity.
    public static func activity(_ id: ActivityID) -> RequestMatch {
        .init { _, path, _ in path.split(separator: "/").contains(Substring(String(id.rawValue))) }
    }
    public static func streams(_ id: ActivityID) -> RequestMatch { .init { _, path, _ in path.hasSuffix("/activities/\(id)/streams") } }
    public static let streams = RequestMatch { _, path, _ in path.hasSuffix("/streams") }
    public static let token = RequestMatch { _, path, _ in path.hasSuffix("/oauth/token") }
    public static let list = RequestMatch { _, path, _ in path.hasSuffix("/athlete/activities") }
}
