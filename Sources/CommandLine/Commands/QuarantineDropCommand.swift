import ArgumentParser
import ControlAPI

struct QuarantineDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Give one entry up: it is not tried again.",
        discussion: """
            The completeness ledger keeps that it is missing because an admin said so. When Strava lists another version, that is fetched; \
            retry with the same words takes the drop back.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var entry: QuarantineArguments

    func run() async throws {
        try await options.show(ControlTarget(.quarantineDrop), body: entry.selection, as: QuarantineDoneMessage.self) { _ in
            "dropped: \(Terminal.safe(entry.endpoint)) \(entry.object) of athlete \(entry.athlete) is not tried again"
        }
    }
}
