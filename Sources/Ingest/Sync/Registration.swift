import Core
import Foundation

/// The result of registering an athlete.
public struct Registration: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case added
        case updated
        /// The stored grant expires later than the new one and was kept.
        case kept(until: Date)
        /// Nothing was changed.
        case refused(UIDConflict)
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
}
