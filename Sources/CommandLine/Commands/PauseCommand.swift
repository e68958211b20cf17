import ArgumentParser
import ControlAPI

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Pause syncing for one athlete or for all.",
        discussion: "Without --for the pause lasts until resumed. Calls in flight are completed.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete; default: all syncing.", completion: CompletedValues.athletes)
    var id: Int64?

    @Option(name: .customLong("for"), help: "How long, for example 90s, 30m, 2h or 1d (at most 366 days).")
    var span: DurationArgument?

    @Option(help: "The reason, shown in the status.")
    var reason: String?

    func validate() throws {
        try AthleteArgument.check(id)
        if let reason, reason.utf8.count > 500 { throw ValidationError("--reason must have at most 500 bytes.") }
    }

    func run() async throws {
        let target = ControlTarget(id == nil ? .pauseAll : .pauseAthlete, athlete: id)
        let body = PauseRequest(forS: span?.seconds, reason: reason)
        try await options.show(target, body: body, as: ChangedMessage.self) { _ in
            let who = id.map { "athlete \($0)" } ?? "all syncing"
            return "Paused \(who)" + (span.map { " for \(Phrase.span(Double($0.seconds)))" } ?? " until resumed")
        }
    }
}
