import Core
import Foundation

/// How long an athlete waits after a turn that failed. Pure.
///
/// Up to half of each wait is taken off by chance, so that those who failed together do not come back together.
enum FailureWait {
    /// The wait after the first failure, in seconds; doubled with each further one in a row.
    static let first_s: Double = 30
    /// The longest wait, in seconds: an athlete is looked at at least so often.
    static let max_s: Double = 6 * 3_600
    /// After trouble of the whole application, in seconds: the governor's circuit holds everybody back in any case.
    private static let ofAllMax_s: Double = 5

    /// - Parameter failures: how many turns in a row had failed before this one.
    static func wait_s(_ athlete: AthleteID, failures: Int, at now: Date) -> Double {
        let whole = min(max_s, first_s * pow(2, Double(min(max(failures, 0), 20))))
        return whole * share(athlete, at: now)
    }

    static func ofAll_s(_ athlete: AthleteID, at now: Date) -> Double { ofAllMax_s * share(athlete, at: now) }

    private static func share(_ athlete: AthleteID, at now: Date) -> Double { 0.5 + 0.5 * SyncPace.chance(athlete.rawValue, at: now) }
}
