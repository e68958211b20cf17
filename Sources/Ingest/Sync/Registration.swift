import Core
import Foundation
import StravaAPI
import Vault

/// The result of registering an athlete.
public struct Registration: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case added
        case updated
        /// The stored grant expires later than the new one and was kept.
        case kept(until: Date)
        /// Nothing was changed.
        case refused(UIDConflict)
        /// The connect link is used up. Nothing was changed.
        case linkUsed
    }

    public let outcome: Outcome
    /// Uids that changed, of this athlete and of others.
    public let moves: [UIDMove]

    init(_ outcome: Outcome, moves: [UIDMove] = []) {
        self.outcome = outcome
        self.moves = moves
    }
}

/// A uid that an athlete lost, or got instead of another one.
public struct UIDMove: Sendable, Equatable {
    public let athlete: AthleteID
    public let from: String
    /// Nil: the athlete has none now, because another athlete got it.
    public let to: String?
}

/// Why an admin has to decide before this athlete gets this uid.
public enum UIDConflict: Sendable, Equatable {
    /// The athlete already has this uid.
    case athleteHas(uid: String)
    /// This athlete already has the uid.
    case uidBelongs(to: AthleteID)
    /// The athlete already has this uid, and this other athlete has the one that it should get.
    case both(uid: String, holder: AthleteID)

    /// What a person is asked about, who is told neither the other uid nor the other athlete.
    public enum Kind: String, Sendable, Codable { case athlete, uid, both }

    public var kind: Kind {
        switch self {
        case .athleteHas: .athlete
        case .uidBelongs: .uid
        case .both: .both
        }
    }
}

/// What a person agreed to in a browser: to Strava's question, and to ours where uids had to move.
public struct Consent: Sendable {
    public enum Grant: Sendable {
        /// Just exchanged.
        case fresh(TokenGrant)
        /// Exchanged up to ten minutes ago, and held while the person was asked.
        case held(HeldGrant)
    }

    public let grant: Grant
    public let athlete: AthleteID
    public let uid: UID
    /// The scopes granted, with commas between them.
    public let scope: String
    /// Used up when the grant is stored.
    public let link: ConnectLink
    /// The athlete for whom the link may be used once more.
    public let renewedAthlete: AthleteID?
    /// The conflict in spite of which the uid may move; nil: none.
    public let accepted: UIDConflict.Kind?

    public init(
        grant: Grant, athlete: AthleteID, scope: String, link: ConnectLink, renewedAthlete: AthleteID? = nil,
        accepted: UIDConflict.Kind? = nil
    ) {
        self.grant = grant
        self.athlete = athlete
        uid = link.uid
        self.scope = scope
        self.link = link
        self.renewedAthlete = renewedAthlete
        self.accepted = accepted
    }
}

/// A registration by consent, with the grant that waits while a refusal's conflict is put to the person.
public struct ConsentResult: Sendable {
    public let registration: Registration
    public let held: HeldGrant?
}
