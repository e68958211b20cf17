import Core
import Foundation

extension RateLimitGovernor {
    /// What the governor knows now: for status, `fitnessctl limits` and metrics.
    public func snapshot() -> GovernorSnapshot {
        budget.snapshot(at: moment, waitingFor: waiting.isEmpty ? nil : waitingFor)
    }

    /// One log line per incident, not one per athlete.
    func report(_ incidents: [BudgetIncident]) {
        for incident in incidents {
            switch incident {
            case .rateLimited(let span, let until):
                logger.log(.warning, "strava refused a call over its limit", [.reason: span.rawValue, .until: until])
            case .limitsChanged(let limits):
                logger.log(.notice, "limits learned", [.limit: "\(limits.quarter.least),\(limits.day.least)"])
            case .limitsDoubted(let limits):
                logger.log(
                    .warning, "strava named limits that can't be: they hold, one call a quarter hour asks again",
                    [.limit: "\(limits.quarter.least),\(limits.day.least)"])
            case .troubleBegan(let reason, let kind):
                logger.log(.info, "a call to strava failed", [.reason: Self.reason(reason, kind)])
            case .circuitOpened(let reason, let kind, let until):
                logger.log(.error, "calls to strava suspended", [.reason: Self.reason(reason, kind), .until: until])
            case .circuitStillOpen(let reason, let kind, let until):
                logger.log(.warning, "strava still in trouble", [.reason: Self.reason(reason, kind), .until: until])
            case .circuitClosed(let reason):
                logger.log(.notice, "calls to strava resumed", [.reason: reason.rawValue])
            }
        }
    }

    /// Trouble of the network with its kind: `network (tls)`.
    private static func reason(_ trouble: ApplicationTrouble, _ kind: String?) -> String {
        trouble.rawValue + (kind.map { " (\($0))" } ?? "")
    }

    func report(lost: Int) {
        if lost > 0 { logger.log(.error, "permitted calls were never settled", [.count: lost]) }
    }
}
