import ControlAPI

/// How dashboards reach the private PostgreSQL.
public enum DashboardAccess: Sendable {
    case reachable(DashboardMessage)
    /// Its address can't be had; why, as the end of a sentence.
    case unreachable(String)
    /// The setting says so.
    case off
    /// There is no private PostgreSQL.
    case ownServer

    /// Nil: they don't reach it.
    public var url: String? { if case .reachable(let message) = self { message.url } else { nil } }
}

extension ControlRoutes {
    func dashboard() async throws -> DashboardMessage {
        switch await dependencies.dashboards() {
        case .reachable(let message): return message
        case .unreachable(let reason):
            throw ControlRefusal(
                .unavailable, "dashboards can't reach the private PostgreSQL: \(reason); set FITNESSD_DASHBOARD_LISTEN and restart fitnessd"
            )
        case .off:
            throw ControlRefusal(
                .unavailable, "FITNESSD_DASHBOARD_LISTEN is off; set it, for example to 127.0.0.1:5433, and restart fitnessd")
        case .ownServer:
            throw ControlRefusal(
                .unavailable, "the database is on a server of your own; give fitness_dashboard a login there (docs/dashboards.md)")
        }
    }
}
