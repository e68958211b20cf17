import Governor
import Sync

/// One athlete in work: what `AthleteSync` holds during a turn.
struct Turn {
    let athlete: Int
    /// With which priority the athlete was claimed, and in which of the scheduler's lanes.
    let priority: Int
    let lane: Int
    let plan: SyncPlan
    var state: SyncState
    var requests = 0
    var step = NextStep.done(nextDueAt: .distantFuture)
    /// Calls of this step that are not answered.
    var open = 0
    /// Strava refused one of them: the turn ends.
    var isRefused = false
}
