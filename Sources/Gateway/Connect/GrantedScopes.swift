/// The scopes that an athlete granted. People may untick any of those that were asked for.
struct GrantedScopes: Sendable, Equatable {
    /// What is asked for. A token without `activity:read` or `activity:read_all` gets no webhooks and no activities, and
    /// `activity:read_all` alone may be unticked, so both are asked for; `profile:read_all` gives the zones.
    static let asked = ["read", "activity:read", "activity:read_all", "profile:read_all"]
    /// A scope's name is short; more than this is not Strava's answer.
    private static let bytesMax = 256

    let granted: [String]

    /// From the redirect's `scope` or, where that is missing, from the token answer. Names that were not asked for don't count.
    init(redirect: String?, answer: [String]?) {
        let words = redirect.map { Self.words($0) } ?? answer ?? []
        granted = Self.asked.filter(words.contains)
    }

    var missing: [String] { Self.asked.filter { !granted.contains($0) } }
    var canReadActivities: Bool { granted.contains("activity:read") || granted.contains("activity:read_all") }
    /// As `sync.athlete.scope` keeps it.
    var text: String { granted.joined(separator: ",") }

    /// What will not be seen, in words.
    var limits: [String] {
        var limits: [String] = []
        if !granted.contains("activity:read_all") {
            limits.append("Activities that only you can see, and positions inside your privacy zones, are left out.")
        }
        if !granted.contains("profile:read_all") { limits.append("Your heart rate and power zones can't be read.") }
        return limits
    }

    private static func words(_ text: String) -> [String] {
        guard text.utf8.count <= bytesMax else { return [] }
        return text.split { $0 == "," || $0 == " " }.map(String.init)
    }
}
