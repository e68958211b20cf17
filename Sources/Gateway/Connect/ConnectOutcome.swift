import Core
import Foundation

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
        /// The athlete has another uid.
        case athleteTaken = "athlete_taken"
        /// The uid has another athlete.
        case uidTaken = "uid_taken"
        /// The daemon could not finish it.
        case interrupted
    }

    let result: Result
    var athlete: AthleteID?
    /// The athlete's name at Strava.
    var name: String?
    /// The scopes granted, with commas between them.
    var scope: String?

    init(_ result: Result, athlete: AthleteID? = nil, name: String? = nil, scope: String? = nil) {
        self.result = result
        self.athlete = athlete
        self.name = name
        self.scope = scope
    }

    var isConnected: Bool { result == .connected || result == .connectedAgain }
    var granted: GrantedScopes { GrantedScopes(redirect: scope ?? "", answer: nil) }

    var json: String { get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) } }
    init(json: String) throws { self = try JSONDecoder().decode(ConnectOutcome.self, from: Data(json.utf8)) }

    enum CodingKeys: String, CodingKey {
        case result, name, scope
        case athlete = "athlete_id"
    }
}
