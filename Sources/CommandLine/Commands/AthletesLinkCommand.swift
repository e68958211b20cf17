import ArgumentParser
import ControlAPI

struct AthletesLinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Print the link that opens an athlete's own page in a browser.",
        discussion: """
            The link works once, within seven days, in the browser that uses it first: send it to this athlete only. The page shows everything of \
            the athlete, places too, and nothing of others. It is printed on standard output, and how long it holds on standard error.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64

    @Option(help: "How many days the athlete stays signed in, 1 to 365. Default: 30.")
    var days: Int?

    func validate() throws {
        try AthleteArgument.check(id)
        if let days, !AthleteLinkRequest.daysRange.contains(days) { throw ValidationError("--days must be from 1 to 365.") }
    }

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.athleteLink, athlete: id), body: AthleteLinkRequest(days: days))
        try PageLink.show(bytes, asJSON: options.json)
    }
}
