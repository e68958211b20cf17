import ArgumentParser
import ControlAPI

struct QuarantineDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Give up one entry: it is not tried again.",
        discussion: """
            The completeness ledger records it as dropped by an admin. A new version of the activity is fetched again. To undo the drop, use \
            retry with the same arguments.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var entry: QuarantineArguments

    func run() async throws {
        try await options.show(ControlTarget(.quarantineDrop), body: entry.selection, as: QuarantineDoneMessage.self) { _ in
            "Dropped \(PlainText.of(entry.endpoint)) \(entry.object) of athlete \(entry.athlete)"
        }
    }
}
