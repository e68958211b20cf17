import Core
import Foundation
import Simulator

/// One changed activity of an athlete, from its new answers to silver, against the predecessor's delete and insert of the whole athlete; and
/// the bytes that the athlete takes in both.
struct RefreshBenchmark {
    /// Ours is short and needs more rounds than the rival's.
    private static let roundsOfOurs = 21

    let server: BenchServer
    let activities: Int
    let points: Int
    let rounds: Int

    func run() async throws -> Report {
        server.note("refresh: one of \(activities) activities of \(points) points, \(rounds) rounds of the rival …")
        let world = SimulatorWorld(
            seed: 8, epoch: Date(), athleteCount: 1, activitiesEach: activities, points: points...points,
            kinds: ActivityKind.mixed.filter(\.hasStreams))
        let athlete = world.athleteIDs[0]
        let material = Material(athlete, in: world)
        try await server.removeAthletes()
        let lander = Lander(server)
        _ = try await lander.land([material])
        let rivals = Rivals(server: server)
        let ourBytes = try await rivals.bytes(of: ["bronze_strava", "silver"])
        try await rivals.makePredecessor()
        try await rivals.fillPredecessor(with: athlete)
        try await rivals.joinPredecessor(athlete)
        let rivalBytes = try await rivals.bytes(of: ["predecessor"])
        try await server.run("VACUUM ANALYZE")

        let old = try await refreshPredecessor(rivals, athlete)
        let new = try await refreshOurs(world, material.activities[activities / 2], lander, athlete)
        var report = Report()
        report.cost(
            "bronze and silver, with TOAST and indexes", "bytes/point", ourBytes / Double(material.points), against: "predecessor",
            rivalBytes / Double(material.points), target: "≥ 20")
        report.cost(
            "refresh of one changed activity of \(activities)", "ms", new * 1000, against: "predecessor's delete and insert", old * 1000,
            target: "≥ 500")
        return report
    }

    private func refreshPredecessor(_ rivals: Rivals, _ athlete: AthleteID) async throws -> Double {
        var seconds: [Double] = []
        for round in 1...rounds {
            seconds.append(try await Stopwatch.seconds { try await rivals.predecessorRefresh(of: athlete) })
            try await server.run("VACUUM predecessor.aggregate_stream")
            server.note(String(format: "  round %d: predecessor %.2f s", round, seconds.last ?? 0))
        }
        return seconds.median
    }

    /// Each round crops another thousandth, so that summary, detail and streams are new.
    private func refreshOurs(
        _ world: SimulatorWorld, _ activity: Material.Activity, _ lander: Lander, _ athlete: AthleteID
    ) async throws -> Double {
        var round: UInt8 = 1
        var seconds: [Double] = []
        while seconds.count < Self.roundsOfOurs {
            round += 1
            world.crop(activity.id, keeping: 0.999)
            guard let truth = world.truth(for: activity.id) else { throw BenchFailure("the activity is gone") }
            let changed = Material.Activity(truth, in: world)
            seconds.append(try await Stopwatch.seconds { try await lander.refresh(changed, of: athlete, fingerprint: round) })
        }
        return seconds.median
    }
}
