import ArgumentParser

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "What was set aside, why, and what becomes of it.",
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineRetryCommand.self, QuarantineDropCommand.self,
        ], defaultSubcommand: QuarantineListCommand.self)
}
