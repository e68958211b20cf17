import Governor
import SyncStore

/// The results of a simulation.
package struct Measures: Sendable {
    /// By kind, the age in seconds at which an activity landed, or its age at the end if it did not.
    var ages_s = [[Double]](repeating: [], count: ModelActivity.Kind.allCases.count)
    /// By kind, how many of them had not landed at the end.
    var missing = [Int](repeating: 0, count: ModelActivity.Kind.allCases.count)
    /// The age of each athlete's last look, sampled every six hours, in seconds.
    var listAges_s: [Double] = []
    /// For each newcomer, seconds from connecting until the newest activities were here.
    var newcomers_s: [Double] = []
    /// Newcomers who still waited at the end.
    package internal(set) var newcomersWaiting = 0
    var callsByClass = [Int](repeating: 0, count: RequestClass.allCases.count)
    /// Calls for the athletes' own objects, by kind.
    var ownCalls: [AthleteObject.Kind: Int] = [:]
    /// Profiles read, by day from 0.
    private(set) var profilesByDay: [Int: Int] = [:]
    /// Calls answered with 429.
    package internal(set) var refused = 0
    package internal(set) var calls = 0
    /// Used share of each quarter hour, and of each day, that had more work than budget from its beginning to its end.
    package internal(set) var quarterShares: [Double] = []
    package internal(set) var dayShares: [Double] = []
    /// Calls of each athlete who had more to fetch than the quota allowed during the whole time.
    var equalDemand: [Int] = []
    /// Finished looks, and their calls.
    package internal(set) var looks = 0
    package internal(set) var lookCalls = 0
    /// Activities whose streams landed.
    package internal(set) var curves = 0
    /// Estimates of when histories will be complete, and when they were.
    package internal(set) var trial = CompletionTrial()
    /// Turns given.
    package internal(set) var turns = 0

    mutating func noteOwnCall(_ kind: AthleteObject.Kind, day: Int) {
        ownCalls[kind, default: 0] += 1
        if kind == .profile { profilesByDay[day, default: 0] += 1 }
    }

    /// Jain's index of the calls of athletes with equal demand: 1 when all got the same, 1/n when one got everything.
    package var jain: Double? {
        let counts = equalDemand.map(Double.init)
        let squares = counts.reduce(0) { $0 + $1 * $1 }
        if counts.count < 2 || squares == 0 { return nil }
        let sum = counts.reduce(0, +)
        return sum * sum / (Double(counts.count) * squares)
    }
}
