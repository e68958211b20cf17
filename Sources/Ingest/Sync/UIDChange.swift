import Core
import Database
import SyncStore

/// Keeps uids unique: a uid has at most one athlete, and an athlete at most one uid. A transaction that changes a uid holds
/// `SettingTable.lockUIDs` until it ends.
struct UIDChange: Sendable, Equatable {
    let conflict: UIDConflict?
    let moves: [UIDMove]

    /// Gives `uid` to the athlete, if registered, and takes it from any other athlete.
    ///
    /// - Parameter isMoveAllowed: false: a conflict is returned and nothing is changed.
    static func make(
        _ uid: UID?, for athlete: AthleteID, isMoveAllowed: Bool, on connection: Connection
    ) async throws -> UIDChange {
        guard let uid else { return UIDChange(conflict: nil, moves: []) }
        try await connection.query(SettingTable.lockUIDs)
        let rows = try await connection.query(
            "SELECT athlete_id, uid FROM sync.athlete WHERE uid = \(uid.text) OR athlete_id = \(athlete) ORDER BY athlete_id")
        let holders = try rows.map { try $0.decode(Int64.self, String?.self) }.map { (athlete: AthleteID($0.0), uid: $0.1) }
        let change = decide(uid, for: athlete, holders, isMoveAllowed: isMoveAllowed)
        if change.conflict != nil { return change }
        let others = change.moves.filter { $0.to == nil }.map(\.athlete)
        try await connection.query(AthleteTable.setUID(uid, of: athlete, takenFrom: others))
        return change
    }

    /// - Parameter holders: the athletes who have the uid, and this one if known, with their uids.
    static func decide(
        _ uid: UID, for athlete: AthleteID, _ holders: [(athlete: AthleteID, uid: String?)], isMoveAllowed: Bool
    ) -> UIDChange {
        let own = holders.first { $0.athlete == athlete }?.uid
        let others = holders.filter { $0.athlete != athlete }.map(\.athlete)
        if isMoveAllowed {
            let given = own.flatMap { $0 == uid.text ? nil : UIDMove(athlete: athlete, from: $0, to: uid.text) }
            return UIDChange(
                conflict: nil, moves: (given.map { [$0] } ?? []) + others.map { UIDMove(athlete: $0, from: uid.text, to: nil) })
        }
        // Two athletes may share a uid from before it was unique; neither is refused.
        if own == uid.text { return UIDChange(conflict: nil, moves: []) }
        let conflict = own.map { UIDConflict.athleteHas(uid: $0) } ?? others.first.map { .uidBelongs(to: $0) }
        return UIDChange(conflict: conflict, moves: [])
    }
}
