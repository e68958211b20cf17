import Core
import Foundation

/// A request, independent of any HTTP library.
struct SimulatorRequest: Sendable {
    let method: String
    let path: String
    let rawQuery: String
    let query: FormFields
    let form: FormFields
    let authorization: String?
    let endpoint: Endpoint

    init(method: String, path: String, rawQuery: String, authorization: String?, contentType: String?, body: [UInt8]) {
        self.method = method
        self.path = path
        self.rawQuery = rawQuery
        self.authorization = authorization
        query = FormFields(parsing: rawQuery)
        let isForm = contentType?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
        form = isForm ? FormFields(parsing: String(decoding: body, as: UTF8.self)) : FormFields()
        endpoint = Endpoint(method: method, path: path)
    }

    /// Strava takes parameters from the query and from the form.
    var parameters: FormFields { query.merging(form) }

    /// The access token and where it travelled.
    var accessToken: (text: String, place: TokenPlace)? {
        if let authorization, authorization.lowercased().hasPrefix("bearer ") { return (String(authorization.dropFirst(7)), .header) }
        if let text = query["access_token"] { return (text, .query) }
        if let text = form["access_token"] { return (text, .body) }
        return nil
    }

    /// Name and password of HTTP Basic.
    var basicCredentials: (name: String, password: String)? {
        guard let authorization, authorization.lowercased().hasPrefix("basic ") else { return nil }
        guard let data = Data(base64Encoded: String(authorization.dropFirst(6))) else { return nil }
        let sides = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return sides.count == 2 ? (String(sides[0]), String(sides[1])) : nil
    }

    /// The query without secrets.
    var loggableQuery: String {
        let secret: Set<String> = ["access_token", "client_secret", "refresh_token", "code", "token", "verify_token", "state"]
        return rawQuery.split(separator: "&").map { part in
            let name = String(part.prefix { $0 != "=" })
            return secret.contains(name) ? "\(name)=<secret>" : String(part)
        }.joined(separator: "&")
    }
}

/// Name and value pairs of a query or a form body, in order; a name may occur more than once.
struct FormFields: Sendable {
    let pairs: [(name: String, value: String)]

    init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// Reads `application/x-www-form-urlencoded` text.
    init(parsing text: some StringProtocol) {
        pairs = text.split(separator: "&").map { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decode(sides[0]), sides.count > 1 ? Self.decode(sides[1]) : "")
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
    func merging(_ other: FormFields) -> FormFields { FormFields(pairs + other.pairs) }

    private static func decode(_ text: some StringProtocol) -> String {
        let spaced = String(text).replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }
}

/// The endpoint of a request. The API answers under `/api/v3` and, like the announced new host, without that prefix
/// (docs/strava-api.md 0).
enum Endpoint: Sendable, Equatable {
    case authorize, approve, token, deauthorize, revoke
    case athlete, athleteZones, athleteStats(AthleteID), activities, createActivity
    case activity(ActivityID), laps(ActivityID), activityZones(ActivityID), streams(ActivityID)
    case gear(String)
    case subscribe, subscriptions, unsubscribe(Int)
    case unknown

    init(method: String, path: String) {
        var parts = path.split(separator: "/")
        if parts.starts(with: ["api", "v3"]) { parts.removeFirst(2) }
        switch parts.first {
        case "oauth": self = Self.oauth(method, parts)
        case "push_subscriptions": self = Self.webhooks(method, parts)
        case _ where method == "GET": self = Self.read(parts)
        case "activities" where method == "POST" && parts.count == 1: self = .createActivity
        default: self = .unknown
        }
    }

    private static func oauth(_ method: String, _ parts: [Substring]) -> Endpoint {
        let rest = parts.dropFirst().joined(separator: "/")
        return switch (method, rest) {
        case ("GET", "authorize"), ("GET", "mobile/authorize"): .authorize
        case ("POST", "authorize"): .approve
        case ("POST", "token"): .token
        case ("POST", "deauthorize"): .deauthorize
        case ("POST", "revoke"): .revoke
        default: .unknown
        }
    }

    private static func webhooks(_ method: String, _ parts: [Substring]) -> Endpoint {
        switch (method, parts.count) {
        case ("POST", 1): .subscribe
        case ("GET", 1): .subscriptions
        case ("DELETE", 2): .unsubscribe(Int(parts[1]) ?? -1)
        default: .unknown
        }
    }

    private static func read(_ parts: [Substring]) -> Endpoint {
        if parts == ["athlete"] { return .athlete }
        if parts == ["athlete", "zones"] { return .athleteZones }
        if parts == ["athlete", "activities"] { return .activities }
        if parts.first == "athletes", parts.count == 3, parts[2] == "stats", let number = Int64(parts[1]) {
            return .athleteStats(AthleteID(number))
        }
        if parts.first == "gear", parts.count == 2 { return .gear(String(parts[1])) }
        guard parts.first == "activities", parts.count > 1, let number = Int64(parts[1]) else { return .unknown }
        let id = ActivityID(number)
        return switch parts.dropFirst(2).joined(separator: "/") {
        case "": .activity(id)
        case "laps": .laps(id)
        case "zones": .activityZones(id)
        case "streams": .streams(id)
        default: .unknown
        }
    }

    /// For logs and counters.
    var name: String {
        switch self {
        case .authorize: "authorize"
        case .approve: "approve"
        case .token: "token"
        case .deauthorize: "deauthorize"
        case .revoke: "revoke"
        case .athlete: "athlete"
        case .athleteZones: "athlete_zones"
        case .athleteStats: "athlete_stats"
        case .activities: "activities"
        case .createActivity: "create_activity"
        case .activity: "activity"
        case .laps: "laps"
        case .activityZones: "activity_zones"
        case .streams: "streams"
        case .gear: "gear"
        case .subscribe: "subscribe"
        case .subscriptions: "subscriptions"
        case .unsubscribe: "unsubscribe"
        case .unknown: "unknown"
        }
    }

    /// Token, consent and revoke calls don't count; nor do push subscriptions (recorded usage `0,0`). `deauthorize` does.
    var isCounted: Bool {
        switch self {
        case .authorize, .approve, .token, .revoke, .subscribe, .subscriptions, .unsubscribe, .unknown: false
        default: true
        }
    }

    /// Everything is a read but uploads and new activities.
    var isRead: Bool { self != .createActivity }
    var isStreams: Bool { if case .streams = self { true } else { false } }

    /// The activity asked for, if it is about one.
    var activity: ActivityID? {
        switch self {
        case .activity(let id), .laps(let id), .activityZones(let id), .streams(let id): id
        default: nil
        }
    }
}
