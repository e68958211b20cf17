import Core
import Foundation
import SyncStore
import Warehouse

/// The turns that this process has a task for, by athlete and fence, and the leases to take back. Pure.
///
/// A lease in the process's name that is not here has no turn: its claim's answer was lost, or its turn could not write its end.
struct TurnsInWork {
    private struct Turn: Hashable {
        let athlete: AthleteID
        let fence: Int64
    }

    /// Turns in a row that may end unwritten and be taken up again at once; then it waits as after any failure.
    static let unwrittenAtOnce = 2
    /// Athletes remembered for it; beyond that all begin anew.
    static let unwrittenMax = 10_000

    private var lanes: [Turn: Int] = [:]
    private var unwritten: [AthleteID: Int] = [:]
    /// Leases may be in this process's name that no turn has.
    var mayHoldOthers = false

    var isEmpty: Bool { lanes.isEmpty }
    var count: Int { lanes.count }
    func count(lane: Int) -> Int { lanes.values.count { $0 == lane } }

    /// Athletes and fences, in the order in which rows are locked.
    var leases: (athletes: [AthleteID], fences: [Int64]) {
        let turns = lanes.keys.sorted { $0.athlete < $1.athlete }
        return (turns.map(\.athlete), turns.map(\.fence))
    }

    /// To be called together with the start of the turn's task.
    mutating func began(_ claim: Claim, lane: Int) { lanes[Turn(athlete: claim.athleteID, fence: claim.lease.fence)] = lane }

    mutating func ended(_ claim: Claim, isWritten: Bool) {
        lanes[Turn(athlete: claim.athleteID, fence: claim.lease.fence)] = nil
        if isWritten {
            unwritten[claim.athleteID] = nil
            return
        }
        mayHoldOthers = true
        if unwritten.count >= Self.unwrittenMax { unwritten = [:] }
        unwritten[claim.athleteID, default: 0] += 1
    }

    /// The athletes whose ends could repeatedly not be written, with when they are due again.
    func delayed(at now: Date) -> [(athlete: AthleteID, dueAt: Date)] {
        unwritten.filter { $0.value > Self.unwrittenAtOnce }.map { athlete, count in
            let wait_s = FailureWait.wait_s(athlete, failures: count - Self.unwrittenAtOnce - 1, at: now)
            return (athlete, now.addingTimeInterval(wait_s))
        }
    }
}
