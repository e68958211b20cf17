import ArgumentParser
import ControlAPI
import Foundation

struct TokensIssueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Issue a token for the data of one athlete, and print it once.",
        discussion: """
            The token is the only line of standard output, so that TOKEN=$(fitnessctl tokens issue …) works. It is not stored, only its hash is: \
            keep it like a password, and revoke it when it may have become known. Programs send it as Authorization: Bearer TOKEN.

            Scopes: read (everything but places), sync (ask for a sync), write (set thresholds), position (see places in any answer), erase \
            (erase the athlete).
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "The uid of a connected athlete.", completion: CompletedValues.uids)
    var uid: String

    @Option(help: "How many days it is valid, 1 to 3650.")
    var days = IssueTokenRequest.daysDefault

    @Option(
        help: "What it may do, separated by commas: read, sync, write, position, erase.",
        completion: CompletedValues.list(of: TokensIssueCommand.scopes))
    var scope = IssueTokenRequest.scopesDefault.joined(separator: ",")

    private static let scopes = ["read", "sync", "write", "position", "erase"]

    private var names: [String] { scope.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    func validate() throws {
        guard !uid.isEmpty else { throw ValidationError("--uid must not be empty.") }
        guard (1...3650).contains(days) else { throw ValidationError("--days must be a number from 1 to 3650.") }
        guard names.allSatisfy(Self.scopes.contains) else {
            throw ValidationError("--scope must name some of \(Self.scopes.joined(separator: ", ")), separated by commas.")
        }
    }

    func run() async throws {
        let bytes = try await options.client.bytes(
            ControlTarget(.issueToken), body: IssueTokenRequest(uid: uid, days: days, scopes: names))
        if options.json { return Terminal.print(Terminal.line(bytes)) }
        let message: IssuedTokenMessage = try ControlClient.decoded(bytes)
        let issued = message.issued
        Terminal.print(message.token)
        Terminal.printError(
            "token \(issued.id) of \(issued.uid), athlete \(issued.athleteID): \(issued.scopes.joined(separator: ", ")); "
                + "expires \(Phrase.time(issued.expiresAt, now: Date())). It is not shown again.")
    }
}
