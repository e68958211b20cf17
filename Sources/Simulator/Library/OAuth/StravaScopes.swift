/// The permissions of a token (docs/strava-api.md 1.6).
public struct StravaScopes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let read = StravaScopes(rawValue: 1)
    public static let readAll = StravaScopes(rawValue: 2)
    public static let profileReadAll = StravaScopes(rawValue: 4)
    public static let profileWrite = StravaScopes(rawValue: 8)
    public static let activityRead = StravaScopes(rawValue: 16)
    public static let activityReadAll = StravaScopes(rawValue: 32)
    public static let activityWrite = StravaScopes(rawValue: 64)

    /// The scopes that the daemon asks for.
    public static let sync: StravaScopes = [.read, .activityRead, .activityReadAll, .profileReadAll]

    static let names: [(scope: StravaScopes, name: String)] = [
        (.read, "read"), (.readAll, "read_all"), (.profileReadAll, "profile:read_all"), (.profileWrite, "profile:write"),
        (.activityRead, "activity:read"), (.activityReadAll, "activity:read_all"), (.activityWrite, "activity:write"),
    ]

    /// Reads a list separated by commas or spaces; nil when a name is unknown or none is given.
    public init?(_ text: String) {
        var scopes: StravaScopes = []
        for name in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard let known = Self.names.first(where: { $0.name == name }) else { return nil }
            scopes.insert(known.scope)
        }
        if scopes.isEmpty { return nil }
        self = scopes
    }

    public var names: [String] { Self.names.filter { contains($0.scope) }.map(\.name) }
    /// Comma-separated, as in the redirect.
    public var text: String { names.joined(separator: ",") }
    var canReadActivities: Bool { !isDisjoint(with: [.activityRead, .activityReadAll]) }
}
