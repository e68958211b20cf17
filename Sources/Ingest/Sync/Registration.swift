import Core
import Foundation

/// What became of an athlete who was to be registered.
public struct Registration: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case added
        case updated
        /// The stored grant expires later than the given one and was kept.
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

/// A uid that an athlete lost or got in place of another one.
public struct UIDMove: Sendable, Equatable {
    public let athlete: AthleteID
    public let from: String
    /// Nil: the athlete has none now, since another one has it.
    public let to: String?
}

/// Why an athlete can't have a uid without somebody's deciding so.
public enum UIDConflict: Sendable, Equatable {
    /// The athlete is known under this one.
    case athleteHas(uid: String)
    /// The uid belongs to this one.
    case uidBelongs(to: AthleteID)
}
