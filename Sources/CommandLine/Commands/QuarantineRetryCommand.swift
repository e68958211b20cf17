import ArgumentParser
import ControlAPI

struct QuarantineRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try one entry again, all of an athlete's, or everyone's.",
        discussion: "Attempts are counted anew. What fails again is set aside again.")

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Everyone's entries.")
    var all = false

    @Option(help: "With --all: only entries with this reason, as quarantine list shows it.")
    var reason: String?

    @Argument(help: "Strava's number of the athlete.")
    var athlete: Int64?

    @Argument(help: "The endpoint, for example streams; none: all of the athlete's entries.")
    var endpoint: String?

    @Argument(help: "The object's number (a negative one after --).")
    var object: Int64?

    func validate() throws {
        try AthleteArgument.check(athlete)
        if all == (athlete != nil) { throw ValidationError("Name an athlete, or say --all.") }
        if reason != nil, !all { throw ValidationError("--reason goes with --all.") }
        if endpoint != nil, object == nil { throw ValidationError("Name the object's number with the endpoint.") }
    }

    func run() async throws {
        guard let athlete else { return try await retryAll() }
        let body = QuarantineSelection(athleteID: athlete, endpoint: endpoint, objectID: object)
        try await options.show(ControlTarget(.quarantineRetry), body: body, as: QuarantineDoneMessage.self) { Self.text($0.entries) }
    }

    /// A request reaches a part of them.
    private func retryAll() async throws {
        var entries = 0
        var after: Int64?
        while true {
            let body = QuarantineRetryAll(reason: reason, after: after)
            let bytes = try await options.client.bytes(ControlTarget(.quarantineRetryAll), body: body)
            let done: QuarantineDoneMessage = try ControlClient.decoded(bytes)
            entries += done.entries
            if options.json { Terminal.print(Terminal.line(bytes)) }
            after = done.nextAfter
            if after == nil { break }
        }
        if !options.json { Terminal.print(Self.text(entries)) }
    }

    private static func text(_ entries: Int) -> String {
        "\(Phrase.number(entries)) \(entries == 1 ? "entry" : "entries") will be tried again"
    }
}
