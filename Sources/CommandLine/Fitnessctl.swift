import ArgumentParser
import ControlAPI
import Foundation

/// The tool: one file per command, all of them over the control socket.
struct Fitnessctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fitnessctl",
        abstract: "Control a running fitnessd.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage, 3 daemon not reachable. With --json each command prints the control API's message unchanged.
            """,
        version: ProductVersion.current,
        subcommands: [
            StatusCommand.self, AthletesCommand.self, SyncCommand.self, PauseCommand.self, ResumeCommand.self, LimitsCommand.self,
            QuarantineCommand.self, ExplainCommand.self, RebuildCommand.self, ExportCommand.self,
            WebhookCommand.self, VaultCommand.self, TokensCommand.self, ErasuresCommand.self, BackupCommand.self, ReloadCommand.self,
            AuditCommand.self, HistoryCommand.self, EventsCommand.self, RetryCommand.self, DoctorCommand.self, AdminLinkCommand.self,
        ])
}

/// Runs one command and exits with the documented code.
@main
enum FitnessctlMain {
    static func main() async {
        do {
            var command = try Fitnessctl.parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            exit(ExitStatus.report(error, asJSON: CommandLine.arguments.contains("--json")))
        }
    }
}

/// A command that could not do what was requested, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Exit codes, and errors on stderr: one sentence, or the error envelope with `--json`.
enum ExitStatus {
    static let failed: Int32 = 1
    private static let usage: Int32 = 2
    private static let notReachable: Int32 = 3

    /// Prints the error and returns the exit code. Help and version are not failures.
    static func report(_ error: any Error, asJSON: Bool) -> Int32 {
        switch error {
        case let error as ControlClientError:
            printError(error.refusal ?? error.code.rawValue, error.description, asJSON)
            return error.code == .notReachable ? notReachable : failed
        case let error as CommandFailure:
            printError("failed", error.description, asJSON)
            return failed
        default: return reportUsage(error)
        }
    }

    private static func reportUsage(_ error: any Error) -> Int32 {
        let code = Fitnessctl.exitCode(for: error)
        let message = Fitnessctl.fullMessage(for: error)
        if code.isSuccess {
            Terminal.print(message)
            return 0
        }
        if code == .validationFailure, let hint = suggestion(for: Array(CommandLine.arguments.dropFirst())) {
            Terminal.printError("fitnessctl: \(PlainText.of(hint))")
        }
        if !message.isEmpty { Terminal.printError(message) }
        // ArgumentParser's code is EX_USAGE of sysexits.h; ours is 2.
        return code == .validationFailure ? usage : code.rawValue
    }

    private static func printError(_ code: String, _ message: String, _ asJSON: Bool) {
        guard asJSON else { return Terminal.printError("fitnessctl: \(PlainText.of(message))") }
        let envelope = ["error": ["code": code, "message": message]]
        Terminal.printError((try? ControlJSON.encode(envelope)).map { String(decoding: $0, as: UTF8.self) } ?? message)
    }

    /// The command that a misspelt word probably means; nil: all words are known, or none is near.
    private static func suggestion(for words: [String]) -> String? {
        var command: any ParsableCommand.Type = Fitnessctl.self
        for word in words {
            let known = command.configuration.subcommands
            if known.isEmpty || word.hasPrefix("-") { return nil }
            if let next = known.first(where: { name(of: $0) == word }) {
                command = next
                continue
            }
            return NearestName.of(word, in: known.map(name) + (command == Fitnessctl.self ? ["help"] : [])).map {
                "unknown command '\(word)': did you mean '\($0)'?"
            }
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? String(describing: command).lowercased()
    }
}
