import Foundation

/// Who may use a route of the control API.
public enum ControlAccess: Int, Comparable, Sendable {
    /// Members of the socket's group: sees everything, changes nothing.
    case reader
    /// Root, the daemon's own account, and the members of the group for admins; without one, of the socket's group.
    case admin

    public static func < (one: ControlAccess, other: ControlAccess) -> Bool { one.rawValue < other.rawValue }
}

/// Every route of the control API: one case, one method, one path. The server registers its handlers from this list, the client builds its
/// requests from it, and a test compares it with `openapi.yaml`.
public enum ControlRoute: String, CaseIterable, Sendable {
    case status
    case athletes
    case athlete
    case thresholds
    case setThreshold
    case removeThreshold
    case erasurePlan
    case eraseAthlete
    case erasures
    case replayErasures
    case explanation
    case export
    case priceAll
    case priceAthlete
    case importAthletes
    case importPredecessor
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
    case vault
    case verifyVault
    case rotateVault
    case webhook
    case subscribe
    case unsubscribe
    case tokens
    case issueToken
    case revokeToken
    case backups
    case makeBackup
    case storeBackup
    case recordBackup
    case reload
    case audit
    case retryAthlete
    case historyAll
    case historyAthlete
    case events
    case doctor
    case adminLink
    case athleteLink
    case version
    case values
    case dashboard

    /// The HTTP method, upper case.
    public var method: String {
        switch self {
        case .status, .athletes, .athlete, .thresholds, .erasurePlan, .erasures, .explanation, .export, .priceAll, .priceAthlete,
            .progressAll, .progressAthlete, .limits, .quarantine, .quarantineEntry, .rebuildReportAll, .rebuildReportAthlete, .vault,
            .verifyVault, .webhook, .tokens, .backups, .audit, .historyAll, .historyAthlete, .events, .doctor, .version, .values,
            .dashboard:
            "GET"
        case .setThreshold, .removeThreshold, .eraseAthlete, .replayErasures, .importAthletes, .importPredecessor, .syncAll, .syncAthlete,
            .pauseAll, .pauseAthlete, .resumeAll, .resumeAthlete, .connect, .quarantineRetry, .quarantineRetryAll, .quarantineDrop,
            .rebuildAll, .rebuildAthlete, .rotateVault, .subscribe, .unsubscribe, .issueToken, .revokeToken, .makeBackup,
            .storeBackup, .recordBackup, .reload, .retryAthlete, .adminLink, .athleteLink:
            "POST"
        }
    }

    /// Who may use the route. Requests to routes for admins are recorded in the audit.
    public var access: ControlAccess {
        switch self {
        case .status, .athletes, .athlete, .thresholds, .erasurePlan, .erasures, .explanation, .export, .priceAll, .priceAthlete,
            .progressAll, .progressAthlete, .limits, .quarantine, .quarantineEntry, .rebuildReportAll, .rebuildReportAthlete, .vault,
            .verifyVault, .webhook, .tokens, .backups, .audit, .historyAll, .historyAthlete, .events, .doctor, .version, .values,
            .dashboard:
            .reader
        case .setThreshold, .removeThreshold, .eraseAthlete, .replayErasures, .importAthletes, .importPredecessor, .syncAll, .syncAthlete,
            .pauseAll, .pauseAthlete, .resumeAll, .resumeAthlete, .connect, .quarantineRetry, .quarantineRetryAll, .quarantineDrop,
            .rebuildAll, .rebuildAthlete, .rotateVault, .subscribe, .unsubscribe, .issueToken, .revokeToken, .makeBackup,
            .storeBackup, .recordBackup, .reload, .retryAthlete, .adminLink, .athleteLink:
            .admin
        }
    }

    /// Whether the answer is read from the database, so that without PostgreSQL there is none. Streams wait for it instead, and a shell's
    /// completion has a limit of its own.
    public var isReadFromDatabase: Bool {
        switch self {
        case .limits, .doctor, .version, .dashboard, .webhook, .values, .events, .progressAll, .progressAthlete: false
        default: access == .reader
        }
    }

    /// Whether the body is read as it arrives, since it may be large or holds secrets. None of it goes into the audit.
    public var takesStream: Bool {
        switch self {
        case .importAthletes, .importPredecessor, .replayErasures: true
        default: false
        }
    }

    /// The name of the request in the audit and in the log: `pause_athlete`.
    public var action: String {
        rawValue.reduce(into: "") { name, letter in name += letter.isUppercase ? "_" + letter.lowercased() : String(letter) }
    }

    /// The route of a request; nil: there is none.
    public static func of(method: String, path: String) -> ControlRoute? { matching(path: path).first { $0.method == method } }

    /// Whether the path names an athlete.
    public var isAboutOneAthlete: Bool { path.contains("{athlete_id}") }

    /// The path, with `{athlete_id}` in place of an athlete's number.
    public var path: String {
        switch self {
        case .status: "/v1/status"
        case .athletes: "/v1/athletes"
        case .athlete: "/v1/athletes/{athlete_id}"
        case .thresholds, .setThreshold: "/v1/athletes/{athlete_id}/thresholds"
        case .removeThreshold: "/v1/athletes/{athlete_id}/thresholds/remove"
        case .erasurePlan, .eraseAthlete: "/v1/athletes/{athlete_id}/erasure"
        case .erasures: "/v1/erasures"
        case .replayErasures: "/v1/erasures/replay"
        case .explanation: "/v1/athletes/{athlete_id}/explanation"
        case .export: "/v1/athletes/{athlete_id}/export"
        case .priceAll: "/v1/price"
        case .priceAthlete: "/v1/athletes/{athlete_id}/price"
        case .importAthletes: "/v1/athletes/import"
        case .importPredecessor: "/v1/athletes/import/predecessor"
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
        case .vault: "/v1/vault"
        case .verifyVault: "/v1/vault/verify"
        case .rotateVault: "/v1/vault/rotate"
        case .webhook: "/v1/webhook"
        case .subscribe: "/v1/webhook/subscribe"
        case .unsubscribe: "/v1/webhook/unsubscribe"
        case .tokens, .issueToken: "/v1/tokens"
        case .revokeToken: "/v1/tokens/revoke"
        case .backups, .makeBackup: "/v1/backup"
        case .storeBackup: "/v1/backup/stored"
        case .recordBackup: "/v1/backup/recorded"
        case .reload: "/v1/reload"
        case .audit: "/v1/audit"
        case .retryAthlete: "/v1/athletes/{athlete_id}/retry"
        case .historyAll: "/v1/history"
        case .historyAthlete: "/v1/athletes/{athlete_id}/history"
        case .events: "/v1/events"
        case .doctor: "/v1/doctor"
        case .adminLink: "/v1/admin_link"
        case .athleteLink: "/v1/athletes/{athlete_id}/link"
        case .version: "/v1/version"
        case .values: "/v1/values"
        case .dashboard: "/v1/dashboard"
        }
    }

    /// The path with an athlete's number filled in.
    public func path(athlete: Int64) -> String {
        path.split(separator: "/").map { $0 == "{athlete_id}" ? "/\(athlete)" : "/\($0)" }.joined()
    }

    /// The routes whose path matches `path`, whatever their method. Empty: the path is unknown.
    public static func matching(path: String) -> [ControlRoute] {
        let requested = path.split(separator: "/", omittingEmptySubsequences: false)
        let exact = allCases.filter { $0.path == path }
        if !exact.isEmpty { return exact }
        return allCases.filter { route in
            let parts = route.path.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count == requested.count
                && zip(parts, requested).allSatisfy { $0 == "{athlete_id}" ? Int64($1) != nil : $0 == $1 }
        }
    }
}

/// A route with its athlete and its query: everything in a request's first line.
public struct ControlTarget: Sendable {
    public let route: ControlRoute
    /// Path and query, percent-encoded.
    public let path: String

    /// - Parameters:
    ///   - athlete: replaces `{athlete_id}`; nil for routes without it.
    ///   - query: names and values; values are percent-encoded here.
    public init(_ route: ControlRoute, athlete: Int64? = nil, query: [(name: String, value: String)] = []) {
        self.route = route
        let path = athlete.map { route.path(athlete: $0) } ?? route.path
        let pairs = query.map { "\($0.name)=\(Self.encoded($0.value))" }
        self.path = pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// The characters of RFC 3986, section 2.3 (unreserved), that are ASCII; all other bytes become `%XX`.
    private static let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))

    private static func encoded(_ value: String) -> String { value.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "" }
}
