import Core
import Database
import Foundation
import SyncStore

/// Keeps uids unique: a uid has at most one athlete, and an athlete at most one uid. A transaction that changes a uid holds
/// `SettingTable.lockUIDs` until it ends.
struct UIDChange: Sendable, Equatable {
    let conflict: UIDConflict?
    let moves: [UIDMove]

    /// Which conflicts don't keep a uid from moving.
    enum Permission: Sendable {
        /// An admin decided.
        case all
        /// A person was asked about a conflict of this kind; nil: about none.
        case asked(UIDConflict.Kind?)

        func covers(_ conflict: UIDConflict) -> Bool {
            switch self {
            case .all: true
            case .asked(let kind): kind == conflict.kind
            }
        }
    }

    /// Gives `uid` to the athlete, if registered, and takes it from any other athlete. Records who lost or exchanged one. A conflict that the
    /// permission does not cover is returned, and nothing is changed.
    static func make(
        _ uid: UID?, for athlete: AthleteID, _ permission: Permission, cause: UIDMoveTable.Cause, now: Date, on connection: Connection
    ) async throws -> UIDChange {
        guard let uid else { return UIDChange(conflict: nil, moves: []) }
        try await connection.query(SettingTable.lockUIDs)
        let rows = try await connection.query(
            "SELECT athlete_id, uid FROM sync.athlete WHERE uid = \(uid.text) OR athlete_id = \(athlete) ORDER BY athlete_id")
        let holders = try rows.map { try $0.decode(Int64.self, String?.self) }.map { (athlete: AthleteID($0.0), uid: $0.1) }
        let change = decide(uid, for: athlete, holders, permission)
        if change.conflict != nil { return change }
        let moves = change.moves
        let others = moves.filter { $0.to == nil }.map(\.athlete)
        try await connection.query(AthleteTable.setUID(uid, of: athlete, takenFrom: others))
        if !moves.isEmpty {
            try await connection.query(UIDMoveTable.add((moves.map(\.athlete), moves.map(\.from), moves.map(\.to)), cause: cause, now: now))
        }
        return change
    }

    /// - Parameter holders: the athletes who have the uid, and this one if known, with their uids.
    static func decide(
        _ uid: UID, for athlete: AthleteID, _ holders: [(athlete: AthleteID, uid: String?)], _ permission: Permission
    ) -> UIDChange {
        let own = holders.first { $0.athlete == athlete }?.uid
        let others = holders.filter { $0.athlete != athlete }.map(\.athlete)
        let conflict = conflict(uid, own, others)
        if let conflict, !permission.covers(conflict) { return UIDChange(conflict: conflict, moves: []) }
        // Two athletes may share a uid from before it was unique: the other one keeps it until an admin decides.
        if case .asked = permission, conflict == nil { return UIDChange(conflict: nil, moves: []) }
        let given = own.flatMap { $0 == uid.text ? nil : UIDMove(athlete: athlete, from: $0, to: uid.text) }
        return UIDChange(
            conflict: nil, moves: (given.map { [$0] } ?? []) + others.map { UIDMove(athlete: $0, from: uid.text, to: nil) })
    }

    private static func conflict(_ uid: UID, _ own: String?, _ others: [AthleteID]) -> UIDConflict? {
        switch (own, others.first) {
        case (uid.text, _), (nil, nil): nil
        case (let own?, let holder?): .both(uid: own, holder: holder)
        case (let own?, nil): .athleteHas(uid: own)
        case (nil, let holder?): .uidBelongs(to: holder)
        }
    }
}
