import ArgumentParser
import ControlAPI

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "What holds an athlete up, what is still to be done, and when.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.explanation, athlete: id), as: ExplanationMessage.self) {
            ExplanationText(explanation: $0).text
        }
    }
}
