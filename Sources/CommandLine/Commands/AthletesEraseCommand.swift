import ArgumentParser
import ControlAPI
import Foundation

struct AthletesEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Delete everything of one athlete and revoke the grant at Strava.",
        discussion: """
            Shows what will be deleted and asks for the athlete's number; without a terminal, or with --json, --yes is required. Backups are not \
            changed: after restoring one, run fitnessctl erasures replay.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    @Flag(help: "Don't ask.")
    var yes = false

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        if !yes { try await confirm() }
        try await options.show(ControlTarget(.eraseAthlete, athlete: id), as: ErasureMessage.self) { ErasureText.text($0) }
    }

    /// A yes is not enough: whoever means this athlete types the number.
    private func confirm() async throws {
        guard !options.json, Terminal.isInteractive, isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("This deletes everything of the athlete: add --yes.")
        }
        let plan: ErasurePlanMessage = try ControlClient.decoded(
            try await options.client.bytes(ControlTarget(.erasurePlan, athlete: id)))
        Terminal.print(ErasureText.text(plan))
        Terminal.print("To erase the athlete, type \(id):")
        guard readLine()?.trimmingCharacters(in: .whitespaces) == String(id) else { throw CommandFailure("nothing was erased") }
    }
}

/// Plans and receipts of erasures as text.
enum ErasureText {
    static func text(_ plan: ErasurePlanMessage) -> String {
        let name = plan.uid.map { " (\($0))" } ?? ""
        return "Athlete \(plan.athleteID)\(name): \(Phrase.count(plan.rows, "row", "rows")) will be deleted, and the grant revoked.\n"
            + table(plan.tables)
    }

    static func text(_ erasure: ErasureMessage) -> String {
        guard erasure.erasedAt != nil else {
            return "Erasure has begun and is finished in the background: see fitnessctl erasures"
        }
        return "Erased: \(Phrase.count(erasure.rows, "row", "rows")); the grant at Strava: \(revocation(erasure.revocation))"
    }

    static func revocation(_ word: String) -> String { revocations[word] ?? word.replacing("_", with: " ") }

    private static let revocations = [
        "pending": "Strava has not answered, asked again for a day", "revoked": "revoked", "deauthorized": "revoked",
        "not_needed": "none was alive", "unreadable": "not revoked, the sealed token does not open",
        "given_up": "not revoked, Strava did not answer for a day", "connected_again": "kept, the athlete has connected again",
    ]

    private static func table(_ tables: [ErasedTable]) -> String {
        var table = TextTable(["table", "rows"], numbers: [1])
        for entry in tables { table.add([entry.table, Phrase.number(entry.rows)]) }
        return table.text
    }
}
