import ArgumentParser

struct AthletesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "athletes", abstract: "List, show, connect and import athletes; set their thresholds.",
        subcommands: [
            AthletesListCommand.self, AthletesShowCommand.self, AthletesConnectCommand.self, AthletesImportCommand.self,
            AthletesThresholdsCommand.self, AthletesSetThresholdCommand.self,
        ],
        defaultSubcommand: AthletesListCommand.self)
}
