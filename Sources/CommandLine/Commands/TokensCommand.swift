import ArgumentParser
import ControlAPI
import Foundation

struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Issue, list and revoke API tokens, with which programs reach one athlete's own data.",
        subcommands: [TokensIssueCommand.self, TokensListCommand.self, TokensRevokeCommand.self], defaultSubcommand: TokensListCommand.self)
}

struct TokensListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens with their last use, also those that ended in the last 30 days.")

    @OptionGroup var options: GlobalOptions

    @Option(help: "Only tokens issued for this uid.", completion: CompletedValues.uids)
    var uid: String?

    func run() async throws {
        let query = uid.map { [(name: "uid", value: $0)] } ?? []
        try await options.show(ControlTarget(.tokens, query: query), as: TokensMessage.self) { TokenText.table($0) }
    }
}

struct TokensRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a token at once.", discussion: "fitnessctl tokens list shows the numbers.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The token's number.", completion: CompletedValues.tokens)
    var id: Int64

    func validate() throws {
        if id <= 0 { throw ValidationError("A token is identified by its number, which is positive.") }
    }

    func run() async throws {
        try await options.show(ControlTarget(.revokeToken), body: RevokeTokenRequest(id: id), as: TokensMessage.self) {
            TokenText.table($0)
        }
    }
}

/// Tokens as text.
enum TokenText {
    static func table(_ message: TokensMessage) -> String {
        if message.tokens.isEmpty { return "no tokens; fitnessctl tokens issue --uid NAME issues one" }
        let now = Date()
        var table = TextTable(["id", "uid", "athlete", "scopes", "state", "last used", "expires"], numbers: [0, 2], times: [5, 6])
        for token in message.tokens {
            table.add([
                String(token.id), token.uid, String(token.athleteID), token.scopes.joined(separator: ","), token.state,
                token.lastUsedAt.map { Phrase.cell($0, now: now) } ?? "never", Phrase.cell(token.expiresAt, now: now),
            ])
        }
        return table.text
    }
}
