import Core

/// What a caller may do with the data of its own athlete.
public enum Scope: String, Sendable, CaseIterable, Codable {
    /// Read everything but places.
    case read
    /// Ask for a sync.
    case sync
    /// Set thresholds.
    case write
    /// See places: tracks, starts and ends, in any answer.
    case position
    /// Erase the athlete.
    case erase
}

/// Who asks: a person with an ID token, or a program with an API token.
public struct Caller: Sendable, Equatable {
    public let uid: UID
    /// Nil: this uid has not connected.
    public let athlete: AthleteID?
    /// An ID token has all of them.
    public let scopes: Set<Scope>
    /// The number of the API token; nil: an ID token.
    public let tokenID: Int64?

    init(uid: UID, athlete: AthleteID?, scopes: Set<Scope>, tokenID: Int64?) {
        self.uid = uid
        self.athlete = athlete
        self.scopes = scopes
        self.tokenID = tokenID
    }
}
