import Core
import Foundation
import Simulator

/// Points per second from bodies in memory to silver, against COPY of the same content and against the predecessor's landing.
struct LandingBenchmark {
    /// Athletes in work at once: as many places as the daemon has for history.
    private static let athletesAtOnce = 16
    /// Landed before the clock starts, as in a daemon that has been at work.
    private static let athletesBefore = 4
    private static let activitiesBefore = 8
    /// Activities of the predecessor's rounds: few, because it is slow, and enough to measure it.
    private static let predecessorActivities = 20

    let server: BenchServer
    let activities: Int
    let points: Int
    let rounds: Int

    func run() async throws -> Report {
        server.note("landing: \(activities) activities of \(points) points, \(rounds) rounds …")
        let together = material(athletes: Self.athletesAtOnce, each: activities / Self.athletesAtOnce)
        let alone = material(athletes: 1, each: activities)
        let before = material(athletes: Self.athletesBefore, each: Self.activitiesBefore, firstID: 9001)
        let rivals = Rivals(server: server)
        try await land(together, after: before)
        try await rivals.prepareBareCopy()
        try await rivals.makePredecessor()
        let predecessorPoints = try await rivals.preparePredecessorCopy(of: together[0].athlete, activities: Self.predecessorActivities)
        var seconds = Seconds()
        for round in 1...rounds {
            seconds.together.append(try await land(together, after: before))
            try await rivals.emptyBareCopy()
            seconds.bare.append(try await Stopwatch.seconds { try rivals.bareCopy() })
            seconds.alone.append(try await land(alone, after: before))
            try await rivals.emptyPredecessor()
            seconds.predecessor.append(try await Stopwatch.seconds { try await rivals.predecessorLanding(of: together[0].athlete) })
            server.note("  round \(round): \(seconds.last)")
        }
        try await rivals.emptyBareCopy()
        return report(
            seconds, together: Double(together.points), alone: Double(alone.points), predecessor: predecessorPoints)
    }

    private struct Seconds {
        var together: [Double] = []
        var alone: [Double] = []
        var bare: [Double] = []
        var predecessor: [Double] = []

        var last: String {
            [("\(athletesAtOnce) athletes", together), ("1 athlete", alone), ("COPY", bare), ("predecessor", predecessor)]
                .map { String(format: "%@ %.2f s", $0.0, $0.1.last ?? 0) }.joined(separator: ", ")
        }
    }

    private func report(_ seconds: Seconds, together: Double, alone: Double, predecessor: Double) -> Report {
        func rate(_ points: Double, _ all: [Double]) -> Double { points / all.median / 1000 }
        let unit = "1,000 points/s"
        let bare = rate(together, seconds.bare)
        let old = rate(predecessor, seconds.predecessor)
        var report = Report()
        let name = "landing and silver, \(Self.athletesAtOnce) athletes at once"
        report.rate(name, unit, rate(together, seconds.together), against: "bare binary COPY", bare, target: "≥ 0.5")
        report.rate(name, unit, rate(together, seconds.together), against: "predecessor", old, target: "≥ 10")
        report.rate("landing and silver, one athlete", unit, rate(alone, seconds.alone), against: "bare binary COPY", bare, target: "")
        return report
    }

    private func material(athletes: Int, each: Int, firstID: Int64 = 101) -> [Material] {
        let specs = (0..<athletes).map {
            AthleteSpec(
                id: AthleteID(firstID + Int64($0)), activityCount: each, points: points...points,
                kinds: ActivityKind.mixed.filter(\.hasStreams))
        }
        let world = SimulatorWorld(seed: 7, epoch: Date(), athletes: specs)
        return world.athleteIDs.map { Material($0, in: world) }
    }

    @discardableResult
    private func land(_ material: [Material], after before: [Material]) async throws -> Double {
        try await server.removeAthletes()
        return try await Lander(server).land(material, after: before)
    }
}

extension [Material] {
    var points: Int { reduce(0) { $0 + $1.points } }
}
