import ArgumentParser
import ControlAPI

struct AthletesThresholdsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thresholds", abstract: "Show the thresholds that were set for one athlete.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.thresholds, athlete: id), as: ThresholdsMessage.self) { ThresholdText.text($0) }
    }
}

struct AthletesSetThresholdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-threshold", abstract: "Set a threshold of one athlete, from a day on, or remove it.",
        discussion: """
            What is set comes before Strava's own values and before estimates, and training load is worked out anew. Each value holds from its \
            first day until the next one of the same metric and sport; the earliest also stands for the time before it.

            VALUE: watts for power and critical-power (285); beats per minute for heart rates (172); kilojoules for w-prime (20); for pace \
            minutes and seconds per km of a run (4:30), per 100 m of a swim (1:35), or as written (4:30/km, 7:15/mi, 1:35/100m, 1:27/100yd).
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    @Argument(help: "What to set.")
    var metric: ThresholdArgument

    @Argument(help: "The value; not with --remove.")
    var value: String?

    @Option(help: "The sport. Default: ride for power, critical-power and w-prime, run for pace, all for heart rates.")
    var sport: SportArgument?

    @Option(help: "First day, YYYY-MM-DD. Default: today (UTC); with --remove every day.")
    var from: String?

    @Flag(help: "Remove what was set.")
    var remove = false

    func validate() throws {
        try AthleteArgument.check(id)
        if remove == (value != nil) { throw ValidationError(remove ? "--remove takes no value." : "Give a value, or --remove.") }
        if let value, metric.value(value, of: sport) == nil { throw ValidationError("\(metric.rawValue) is given as \(metric.example).") }
        if let from, from.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) == nil { throw ValidationError("--from is a day as in 2026-01-31.") }
    }

    func run() async throws {
        let request = ThresholdRequest(
            metric: metric.word, sport: sport?.rawValue, value: value.flatMap { metric.value($0, of: sport) }, validFrom: from)
        try await options.show(
            ControlTarget(remove ? .removeThreshold : .setThreshold, athlete: id), body: request, as: ThresholdsMessage.self
        ) { ThresholdText.text($0) }
    }
}
