import ArgumentParser
import ControlAPI

struct QuarantineRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Retry one entry, all of an athlete's, or all.",
        discussion: "Attempts are counted from zero. An entry that fails again returns to the quarantine.")

    @OptionGroup var options: GlobalOptions

    @Flag(help: "The entries of all athletes.")
    var all = false

    @Option(help: "With --all: only entries with this reason, as shown by quarantine list.", completion: CompletedValues.reasons)
    var reason: String?

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var athlete: Int64?

    @Argument(help: "The endpoint, for example streams; default: all entries of the athlete.", completion: CompletedValues.endpoints)
    var endpoint: String?

    @Argument(help: "The object's number (put -- before a negative one).", completion: CompletedValues.objects)
    var object: Int64?

    func validate() throws {
        try AthleteArgument.check(athlete)
        if all == (athlete != nil) { throw ValidationError("Give an athlete, or --all.") }
        if reason != nil, !all { throw ValidationError("--reason requires --all.") }
        if endpoint != nil, object == nil { throw ValidationError("Give the object's number with the endpoint.") }
    }

    func run() async throws {
        guard let athlete else { return try await retryAll() }
        let body = QuarantineSelection(athleteID: athlete, endpoint: endpoint, objectID: object)
        try await options.show(ControlTarget(.quarantineRetry), body: body, as: QuarantineDoneMessage.self) { Self.text($0.entries) }
    }

    /// Each request retries a part of the entries.
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
        "\(Phrase.count(entries, "entry", "entries")) will be tried again"
    }
}
