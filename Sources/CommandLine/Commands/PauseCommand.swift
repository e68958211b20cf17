import ArgumentParser
import ControlAPI

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let one athlete, or everything, rest.",
        discussion: "Without an end it lasts until resumed. A request under way ends first.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete; none: everything.")
    var id: Int64?

    @Option(name: .customLong("for"), help: "How long, for example 90s, 30m, 2h, 1d (at most 366 days).")
    var span: DurationArgument?

    @Option(help: "Why, for whoever looks at the status.")
    var reason: String?

    func validate() throws {
        try AthleteArgument.check(id)
        if let reason, reason.utf8.count > 500 { throw ValidationError("--reason must have at most 500 bytes.") }
    }

    func run() async throws {
        let target = ControlTarget(id == nil ? .pauseAll : .pauseAthlete, athlete: id)
        let body = PauseRequest(forS: span?.seconds, reason: reason)
        try await options.show(target, body: body, as: ChangedMessage.self) { _ in
            let who = id.map { "athlete \($0)" } ?? "everything"
            return "\(who) is paused" + (span.map { " for \(Phrase.span(Double($0.seconds)))" } ?? " until resumed")
        }
    }
}
