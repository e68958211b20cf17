import ArgumentParser
import Foundation
import QuotaModel

/// `fitness-simulate`: a simulated time with the real decisions, as a table.
@main
struct FitnessSimulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fitness-simulate", abstract: "A simulated week of quota, plan and scheduler, in seconds.",
        discussion: "Nothing is fetched and nothing is stored. The same seed gives the same table.")

    @Option(help: "Decides what happens. Default: a new one each time, printed.")
    var seed: UInt64?

    @Option(help: "Simulated hours.")
    var hours = 168.0

    @Option(help: "Calls an hour that others make with the same application.")
    var foreign = 0.0

    @Option(help: "Only the scenarios whose names contain this.")
    var only = ""

    func validate() throws {
        guard hours > 0, hours <= 10_000, foreign >= 0, foreign <= 2_400 else {
            throw ValidationError("--hours up to 10000, --foreign up to 2400")
        }
    }

    func run() async throws {
        let seed = seed ?? .random(in: 0...999_999)
        var table = ReportTable()
        let started = ContinuousClock.now
        for var scenario in Scenario.all(hours: hours) where only.isEmpty || scenario.name.contains(only) {
            scenario.foreignPerHour = foreign
            var week = SimulatedWeek(scenario, seed: seed)
            table.add(scenario, await week.run())
        }
        print(table.text)
        print(
            "\nseed \(seed), \(Int(hours)) simulated hours, \((ContinuousClock.now - started).formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1))))"
        )
    }
}
