import Core
import Foundation
import Sync

/// How a connect ended, as `sync.connect_state.outcome` keeps it and the result page shows it.
struct ConnectOutcome: Codable, Sendable, Equatable {
    enum Result: String, Codable, Sendable {
        case connected
        case connectedAgain = "connected_again"
        case denied
        case refusedByStrava = "refused_by_strava"
        case scopeMissing = "scope_missing"
        case codeRefused = "code_refused"
        case stravaUnavailable = "strava_unavailable"
        case athletesFull = "athletes_full"
        case credentialsRefused = "credentials_refused"
        /// The athlete has another uid: the person is asked.
        case athleteTaken = "athlete_taken"
        /// The uid has another athlete: the person is asked.
        case uidTaken = "uid_taken"
        /// Both: the person is asked.
        case bothTaken = "both_taken"
        /// The person does not want a uid to move.
        case kept
        /// A grant was stored with the link already.
        case linkUsed = "link_used"
        /// The athlete's data is being deleted.
        case beingErased = "being_erased"
        /// The daemon could not finish it.
        case interrupted
    }

    let result: Result
    var athlete: AthleteID?
    /// The athlete's name at Strava.
    var name: String?
    /// The scopes granted, with commas between them.
    var scope: String?
    /// Whether a uid moved.
    var hasMoved: Bool?

    init(_ result: Result, athlete: AthleteID? = nil, name: String? = nil, scope: String? = nil, hasMoved: Bool? = nil) {
        self.result = result
        self.athlete = athlete
        self.name = name
        self.scope = scope
        self.hasMoved = hasMoved
    }

    /// Whether a grant is stored.
    var isConnected: Bool { result == .connected || result == .connectedAgain }

    /// What the person is asked; nil: nothing.
    var conflict: UIDConflict.Kind? {
        switch result {
        case .athleteTaken: .athlete
        case .uidTaken: .uid
        case .bothTaken: .both
        default: nil
        }
    }

    var granted: GrantedScopes { GrantedScopes(redirect: scope ?? "", answer: nil) }

    var json: String { get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) } }
    init(json: String) throws { self = try JSONDecoder().decode(ConnectOutcome.self, from: Data(json.utf8)) }

    enum CodingKeys: String, CodingKey {
        case result, name, scope
        case athlete = "athlete_id"
        case hasMoved = "has_moved"
    }
}

/// The scopes that an athlete granted: any of those requested may have been unticked.
struct GrantedScopes: Sendable, Equatable {
    /// The scopes that are requested. A token without `activity:read` or `activity:read_all` gets no webhooks and no activities, and
    /// `activity:read_all` alone may be unticked, so both are requested; `profile:read_all` gives the zones.
    static let requested = ["read", "activity:read", "activity:read_all", "profile:read_all"]
    /// Scope names are short; a longer text is not Strava's.
    private static let bytesMax = 256

    let granted: [String]

    /// From the redirect's `scope` or, if that is missing, from the token answer. Names that were not requested don't count.
    init(redirect: String?, answer: [String]?) {
        let words = redirect.map { Self.words($0) } ?? answer ?? []
        granted = Self.requested.filter(words.contains)
    }

    var missing: [String] { Self.requested.filter { !granted.contains($0) } }
    var canReadActivities: Bool { granted.contains("activity:read") || granted.contains("activity:read_all") }
    /// As `sync.athlete.scope` keeps it.
    var text: String { granted.joined(separator: ",") }

    /// What becomes readable with each scope that is requested, in the order in which people should read it.
    static let inPlainWords: [(name: String, what: String)] = [
        ("Your activities", "Times, distances, tracks with positions, heart rate, power and whatever else was recorded"),
        ("Activities that only you can see", "And the parts of tracks inside your privacy zones"),
        ("Your profile", "Name, place, sex, weight, bikes and shoes"),
        ("Your zones", "The heart rate and power zones that you have set at Strava"),
    ]

    /// Sentences about the data that is not visible without the missing scopes.
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
