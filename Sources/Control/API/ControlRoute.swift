/// Every route of the control API: one case, one method, one path. The server registers from this list, the client asks by it, and a test
/// compares it with `openapi.yaml`.
public enum ControlRoute: String, CaseIterable, Sendable {
    case status
    case athletes
    case athlete
    case explanation
    case export
    case priceAll
    case priceAthlete
    case importAthletes
    case syncAll
    case syncAthlete
    case progressAll
    case progressAthlete
    case pauseAll
    case pauseAthlete
    case resumeAll
    case resumeAthlete
    case connect
    case limits
    case quarantine
    case quarantineEntry
    case quarantineRetry
    case quarantineRetryAll
    case quarantineDrop
    case rebuildAll
    case rebuildAthlete
    case rebuildReportAll
    case rebuildReportAthlete
    case webhook
    case subscribe
    case unsubscribe

    /// The HTTP method, upper case.
    public var method: String {
        switch self {
        case .status, .athletes, .athlete, .explanation, .export, .priceAll, .priceAthlete, .progressAll, .progressAthlete, .limits,
            .quarantine, .quarantineEntry, .rebuildReportAll, .rebuildReportAthlete, .webhook:
            "GET"
        case .importAthletes, .syncAll, .syncAthlete, .pauseAll, .pauseAthlete, .resumeAll, .resumeAthlete, .connect,
            .quarantineRetry, .quarantineRetryAll, .quarantineDrop, .rebuildAll, .rebuildAthlete, .subscribe, .unsubscribe:
            "POST"
        }
    }

    /// The path with `{athlete_id}` where an athlete's number stands.
    public var path: String {
        switch self {
        case .status: "/v1/status"
        case .athletes: "/v1/athletes"
        case .athlete: "/v1/athletes/{athlete_id}"
        case .explanation: "/v1/athletes/{athlete_id}/explanation"
        case .export: "/v1/athletes/{athlete_id}/export"
        case .priceAll: "/v1/price"
        case .priceAthlete: "/v1/athletes/{athlete_id}/price"
        case .importAthletes: "/v1/athletes/import"
        case .syncAll: "/v1/sync"
        case .syncAthlete: "/v1/athletes/{athlete_id}/sync"
        case .progressAll: "/v1/progress"
        case .progressAthlete: "/v1/athletes/{athlete_id}/progress"
        case .pauseAll: "/v1/pause"
        case .pauseAthlete: "/v1/athletes/{athlete_id}/pause"
        case .resumeAll: "/v1/resume"
        case .resumeAthlete: "/v1/athletes/{athlete_id}/resume"
        case .connect: "/v1/connect"
        case .limits: "/v1/limits"
        case .quarantine: "/v1/quarantine"
        case .quarantineEntry: "/v1/quarantine/entry"
        case .quarantineRetry: "/v1/quarantine/retry"
        case .quarantineRetryAll: "/v1/quarantine/retry_all"
        case .quarantineDrop: "/v1/quarantine/drop"
        case .rebuildAll, .rebuildReportAll: "/v1/rebuild"
        case .rebuildAthlete, .rebuildReportAthlete: "/v1/athletes/{athlete_id}/rebuild"
        case .webhook: "/v1/webhook"
        case .subscribe: "/v1/webhook/subscribe"
        case .unsubscribe: "/v1/webhook/unsubscribe"
        }
    }

    /// The path with an athlete's number filled in.
    public func path(athlete: Int64) -> String {
        path.split(separator: "/").map { $0 == "{athlete_id}" ? "/\(athlete)" : "/\($0)" }.joined()
    }

    /// The routes whose path matches `path`, whatever their method: empty means unknown, other methods only means "not this method".
    public static func matching(path: String) -> [ControlRoute] {
        let asked = path.split(separator: "/", omittingEmptySubsequences: false)
        let exact = allCases.filter { $0.path == path }
        if !exact.isEmpty { return exact }
        return allCases.filter { route in
            let parts = route.path.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count == asked.count
                && zip(parts, asked).allSatisfy { $0 == "{athlete_id}" ? Int64($1) != nil : $0 == $1 }
        }
    }
}
