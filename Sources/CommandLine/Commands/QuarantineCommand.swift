import ArgumentParser

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "What was set aside, and why.",
        subcommands: [QuarantineListCommand.self], defaultSubcommand: QuarantineListCommand.self)
}
