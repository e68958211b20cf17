import ArgumentParser
import ControlAPI
import Foundation

struct ErasuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erasures", abstract: "List the receipts of erasures; erase again after a backup was restored.",
        subcommands: [ErasuresListCommand.self, ErasuresReplayCommand.self], defaultSubcommand: ErasuresListCommand.self)
}

struct ErasuresListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all receipts, oldest first; with --json one page of the API per line.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        var after: Int64? = 0
        var erasures: [ErasureMessage] = []
        while let start = after {
            let bytes = try await options.client.bytes(ControlTarget(.erasures, query: [("after", String(start))]))
            let page: ErasuresMessage = try ControlClient.decoded(bytes)
            if options.json { Terminal.print(Terminal.line(bytes)) } else { erasures += page.erasures }
            after = page.nextAfter
        }
        if !options.json { Terminal.print(text(erasures)) }
    }

    private func text(_ erasures: [ErasureMessage]) -> String {
        guard !erasures.isEmpty else { return "nobody was erased yet" }
        let now = Date()
        var table = TextTable(["no", "requested", "by", "erased", "rows", "tag", "grant at Strava"], numbers: [0, 4], times: [1, 3])
        for erasure in erasures {
            table.add([
                String(erasure.erasureNo), Phrase.cell(erasure.requestedAt, now: now), erasure.requestedBy,
                erasure.erasedAt.map { Phrase.cell($0, now: now) } ?? "not yet", Phrase.number(erasure.rows),
                String(erasure.athleteTag.prefix(12)), ErasureText.revocation(erasure.revocation),
            ])
        }
        return table.text
    }
}
