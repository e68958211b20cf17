import ArgumentParser
import ControlAPI

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Show, retry or drop answers and activities that could not be used.",
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineRetryCommand.self, QuarantineDropCommand.self,
        ], defaultSubcommand: QuarantineListCommand.self)
}

/// The three arguments that identify an entry, as shown by `quarantine list`.
struct QuarantineArguments: ParsableArguments {
    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var athlete: Int64

    @Argument(help: "The endpoint, for example streams.", completion: CompletedValues.endpoints)
    var endpoint: String

    @Argument(help: "The object's number (put -- before a negative one).", completion: CompletedValues.objects)
    var object: Int64

    func validate() throws { try AthleteArgument.check(athlete) }

    var selection: QuarantineSelection { QuarantineSelection(athleteID: athlete, endpoint: endpoint, objectID: object) }
}
