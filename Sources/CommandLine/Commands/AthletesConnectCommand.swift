import ArgumentParser
import ControlAPI
import Foundation

struct AthletesConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Print the link that a person opens in a browser to connect with Strava.",
        discussion: """
            The link works once and expires: send it to this person only, since whoever has it can connect an account under this name. It is printed \
            on standard output, and until when it is valid on standard error.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Your own name for this person: 1 to 128 of A-Z a-z 0-9 . _ : @ + -", completion: CompletedValues.uids)
    var uid: String

    @Option(help: "How many days the link is valid, 1 to 90. Default: 7.")
    var days: Int?

    @Option(name: .customLong("for"), help: "The same as a time, for example 30m, 2h or 1d (at least a minute).")
    var span: DurationArgument?

    private var lifetime_s: Int? { days.map { $0 * 86_400 } ?? span?.seconds }

    func validate() throws {
        guard !uid.isEmpty else { throw ValidationError("--uid must not be empty.") }
        if days != nil, span != nil { throw ValidationError("Give --days or --for, not both.") }
        if let days, !(1...90).contains(days) { throw ValidationError("--days must be from 1 to 90.") }
        if let lifetime_s, !ConnectRequest.forRange_s.contains(lifetime_s) {
            throw ValidationError("--for must be from 1m to 90d.")
        }
    }

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.connect), body: ConnectRequest(uid: uid, forS: lifetime_s))
        let link: ConnectMessage = try ControlClient.decoded(bytes)
        if options.json { return Terminal.print(Terminal.line(bytes)) }
        Terminal.print(link.url)
        Terminal.printError("valid until \(Phrase.time(link.expiresAt, now: Date())), for one connect")
    }
}
