import Core
import Database
import Foundation
import Simulator

/// Large tables in partitions by athlete against plain ones: landing, silver, and an athlete's end.
struct PartitionBenchmark {
    private static let athletes = 16
    /// Athletes erased in a round.
    private static let erased = 4

    let server: BenchServer
    let activities: Int
    let points: Int
    let rounds: Int
    let partitions: Int

    func run() async throws -> Report {
        server.say("partitions: \(Self.athletes) athletes of \(activities / 4) activities of \(points) points, \(rounds) rounds …")
        let world = SimulatorWorld(
            seed: 7, epoch: Date(), athleteCount: Self.athletes, activitiesEach: activities / 4, points: points...points,
            kinds: ActivityKind.mixed.filter(\.hasStreams))
        let material = world.athleteIDs.map { Material($0, in: world) }
        let divided = try await server.other("divided")
        let result: Result<Report, any Error>
        do { result = .success(try await measure(material, divided)) } catch { result = .failure(error) }
        await divided.database.close()
        return try result.get()
    }

    private struct Figures {
        var land_s: [Double] = []
        var erase_s: [Double] = []
    }

    private func measure(_ material: [Material], _ divided: BenchServer) async throws -> Report {
        _ = try await Migrator(directory: server.share, database: divided.database, logger: server.logger).partition(into: partitions)
        var (plain, parts) = (Figures(), Figures())
        for round in 0...rounds {
            let (one, other) = (try await figures(server, material), try await figures(divided, material))
            server.say(String(format: "  round %d: %.2f s plain, %.2f s in partitions", round, one.land_s[0], other.land_s[0]))
            // The first warms both up.
            if round == 0 { continue }
            plain = Figures(land_s: plain.land_s + one.land_s, erase_s: plain.erase_s + one.erase_s)
            parts = Figures(land_s: parts.land_s + other.land_s, erase_s: parts.erase_s + other.erase_s)
        }
        let count = Double(material.points) / 1000
        var report = Report()
        report.rate(
            "landing and silver, \(partitions) partitions", "1,000 points/s", count / parts.land_s.median, against: "plain tables",
            count / plain.land_s.median, target: "")
        report.cost(
            "erasing one athlete, \(partitions) partitions", "ms", parts.erase_s.median * 1000, against: "plain tables",
            plain.erase_s.median * 1000, target: "")
        return report
    }

    private func figures(_ server: BenchServer, _ material: [Material]) async throws -> Figures {
        try await server.forgetAthletes()
        var figures = Figures(land_s: [try await Lander(server).land(material)])
        try await server.run("VACUUM ANALYZE")
        for athlete in material.prefix(Self.erased).map(\.athlete) {
            figures.erase_s.append(
                try await Stopwatch.seconds {
                    try await server.database.query("DELETE FROM sync.athlete WHERE athlete_id = \(athlete)")
                })
        }
        return figures
    }
}
