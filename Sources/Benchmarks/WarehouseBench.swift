import ArgumentParser
import Foundation

/// `warehouse-bench`: how fast and how small bronze and silver are, each figure against its rival in the same run.
@main
struct WarehouseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warehouse-bench", abstract: "Measures the warehouse against a bare COPY and against the predecessor's layout.",
        discussion: "Works in a private PostgreSQL with durable commits under the folder, which the caller removes afterwards.")

    @Argument(help: "An empty folder for the cluster and the rivals' files.")
    var folder: String

    @Option(help: "How often each figure is taken; the median counts.")
    var rounds = 5

    @Option(help: "Activities landed and refreshed.")
    var activities = 200

    @Option(help: "Points of each of them.")
    var points = 3600

    @Option(help: "Athletes of the dashboards, with two years of about 700,000 points each.")
    var athletes = 10

    @Option(help: "Activities of the long history.")
    var history = 20_000

    @Option(help: "Only this part: list, landing, refresh or dashboards; or claim, history or events, which are no part of the whole.")
    var only: String?

    @Option(help: "With `--only events`: events a second, for twenty seconds, to the callback in the file `events` of the folder.")
    var rate: Double = 100

    func validate() throws {
        guard rounds > 0, activities > 9, points > 1, athletes > 0 else { throw ValidationError("the numbers are too small") }
    }

    func run() async throws {
        if only == "events" { return try await EventLoad(file: folder + "/events", ratePerSecond: rate, duration_s: 20).run() }
        let place = try await BenchServer.start(in: URL(filePath: folder))
        let result: Result<Void, any Error>
        do { result = .success(try await measure(place)) } catch { result = .failure(error) }
        await place.stop()
        try result.get()
    }

    private func measure(_ server: BenchServer) async throws {
        var report = Report()
        if only == nil || only == "list" { report += try ListPageBenchmark(rounds: rounds).run() }
        if only == nil || only == "landing" {
            report += try await LandingBenchmark(server: server, activities: activities, points: points, rounds: rounds).run()
        }
        if only == nil || only == "refresh" {
            report += try await RefreshBenchmark(server: server, activities: activities, points: points, rounds: rounds).run()
        }
        if only == nil || only == "dashboards" {
            report += try await DashboardBenchmark(server: server, athletes: athletes, rounds: rounds).run()
        }
        if only == "history" { return try await HistoryBenchmark(server: server, activities: history).run() }
        if only == "claim" { return try await ClaimBenchmark(server: server, counts: [1_000, 100_000, 1_000_000], rounds: 50).run() }
        print(report.markdown)
    }
}
