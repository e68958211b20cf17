import ArgumentParser

struct AthletesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "athletes", abstract: "List, show, connect and import athletes.",
        subcommands: [AthletesListCommand.self, AthletesShowCommand.self, AthletesConnectCommand.self, AthletesImportCommand.self],
        defaultSubcommand: AthletesListCommand.self)
}
