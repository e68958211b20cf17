import ArgumentParser
import ControlAPI

struct QuarantineRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try one entry again, or all of an athlete's.",
        discussion: "Attempts are counted anew. What fails again is set aside again.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var athlete: Int64

    @Argument(help: "The endpoint, for example streams; none: all of the athlete's entries.")
    var endpoint: String?

    @Argument(help: "The object's number (a negative one after --).")
    var object: Int64?

    func validate() throws {
        try AthleteArgument.check(athlete)
        if endpoint != nil, object == nil { throw ValidationError("Name the object's number with the endpoint.") }
    }

    func run() async throws {
        let body = QuarantineSelection(athleteID: athlete, endpoint: endpoint, objectID: object)
        try await options.show(ControlTarget(.quarantineRetry), body: body, as: QuarantineDoneMessage.self) {
            "\(Phrase.number($0.entries)) \($0.entries == 1 ? "entry" : "entries") will be tried again"
        }
    }
}
