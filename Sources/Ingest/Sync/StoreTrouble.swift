import Database
import Foundation

/// Trouble of PostgreSQL's that ends turns (it restarts, it is read only, its disk is full) is one incident, not one failure per athlete. Pure.
///
/// While it lasts one athlete of each lane is claimed at a time, after growing pauses: each turn may spend a call to Strava whose answer
/// can't be stored. The first turn whose end is stored ends it.
struct StoreTrouble {
    private static let pauseFirst_s: Double = 1
    static let pauseMax_s: Double = 15

    private var incidents = 0
    private var until = Date.distantPast

    var isOver: Bool { incidents == 0 }

    /// How many athletes of a lane may be claimed now; nil: as many as have a place.
    func claimsMax(at now: Date) -> Int? {
        if isOver { return nil }
        return now >= until ? 1 : 0
    }

    /// A turn met it. True when it is the first.
    mutating func met(at now: Date) -> Bool {
        // Those that were in work together meet it together.
        if now < until { return false }
        let pause_s = min(Self.pauseMax_s, Self.pauseFirst_s * pow(2, Double(min(incidents, 10))))
        incidents += 1
        until = now.addingTimeInterval(pause_s)
        return incidents == 1
    }

    /// A turn's end was stored. True when that ended the trouble.
    mutating func ended() -> Bool {
        let wasInTrouble = !isOver
        (incidents, until) = (0, .distantPast)
        return wasInTrouble
    }

    /// Whether the error says that PostgreSQL can't be reached or can't store anything at present, whosever turn it is.
    static func isMet(in error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        switch error.code {
        case .unreachable, .busy, .commitUnknown: return true
        // read_only_sql_transaction, and the class of system errors: a file that can't be read or written.
        default: return error.sqlState.map { $0 == "25006" || $0.hasPrefix("58") } ?? false
        }
    }
}
