import Foundation
import Simulator

/// One athlete's long history without streams, on a server with PostgreSQL's default settings: how fast silver makes each further thousand,
/// from the list and then from the details. Half-way through either, ANALYZE is run.
struct HistoryBenchmark {
    private static let step = 1_000
    let server: BenchServer
    let activities: Int

    /// Prints a table; a ratio is to the first thousand of the same kind.
    func run() async throws {
        server.note("history: \(activities) activities of one athlete …")
        let world = SimulatorWorld(seed: 9, epoch: Date(), athleteCount: 1, activitiesEach: activities, points: 2...3)
        let material = Material(world.athleteIDs[0], in: world)
        try await server.useDefaults()
        let lander = Lander(server)
        try await lander.landList(of: material)
        var lines = try await steps("list", lander) { _ in }
        lines += try await steps("detail", lander) { try await lander.landDetails(of: material, $0) }
        print("| made from | activities | statistics | a second | of the first |\n|---|---|---|---|---|")
        print(lines.joined(separator: "\n"))
    }

    private func steps(_ kind: String, _ lander: Lander, prepare: (Range<Int>) async throws -> Void) async throws -> [String] {
        var lines: [String] = []
        var first: Double?
        for start in stride(from: 0, to: activities, by: Self.step) {
            let range = start..<min(start + Self.step, activities)
            let isAnalyzed = start >= activities / 2
            if isAnalyzed, start - Self.step < activities / 2 { try await server.run("ANALYZE") }
            try await prepare(range)
            let seconds = try await Stopwatch.seconds { try await lander.transform(range.count) }
            let rate = Double(range.count) / seconds
            first = first ?? rate
            lines.append(
                String(
                    format: "| %@ | %d | %@ | %.0f | %.2f |", kind, range.upperBound, isAnalyzed ? "after" : "before", rate,
                    rate / (first ?? rate)))
            server.note(lines.last ?? "")
        }
        return lines
    }
}
