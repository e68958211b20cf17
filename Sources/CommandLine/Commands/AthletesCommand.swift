import ArgumentParser

struct AthletesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "athletes",
        abstract: "List, show, connect, import and erase athletes; set their thresholds; make links to their pages.",
        subcommands: [
            AthletesListCommand.self, AthletesShowCommand.self, AthletesConnectCommand.self, AthletesImportCommand.self,
            AthletesLinkCommand.self,
            AthletesThresholdsCommand.self, AthletesSetThresholdCommand.self, AthletesEraseCommand.self,
        ],
        defaultSubcommand: AthletesListCommand.self)
}
