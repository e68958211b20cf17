import ArgumentParser
import ControlAPI

/// What a misspelt command was probably meant to be.
enum CommandSuggestion {
    /// Nil: the words name commands, or nothing is near.
    static func find(_ words: [String], in root: any ParsableCommand.Type) -> String? {
        var command = root
        for word in words {
            let known = command.configuration.subcommands
            if known.isEmpty || word.hasPrefix("-") { return nil }
            if let next = known.first(where: { name($0) == word }) {
                command = next
                continue
            }
            return NearestName.of(word, in: known.map(name) + (command == root ? ["help"] : [])).map {
                "unknown command '\(word)': did you mean '\($0)'?"
            }
        }
        return nil
    }

    private static func name(_ command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? String(describing: command).lowercased()
    }
}
