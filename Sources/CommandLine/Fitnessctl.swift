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
            DashboardURLCommand.self,
        ])
}

/// Runs one command and exits with the documented code.
@main
enum FitnessctlMain {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try await Fitnessctl.asyncParseAsRoot(arguments)
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            if VersionReport.isAskedFor(by: error, arguments) { return await VersionReport.print(arguments) }
            exit(ExitStatus.report(error, arguments))
        }
    }
}

/// A command that could not do what was requested, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    /// By which the daemon's log says more.
    let requestID: String?

    init(_ description: String, requestID: String? = nil) {
        self.description = description
        self.requestID = requestID
    }
}

/// Exit codes, and errors on stderr: one sentence, or the error envelope with `--json`.
enum ExitStatus {
    static let failed: Int32 = 1
    private static let usage: Int32 = 2
    private static let notReachable: Int32 = 3

    /// Prints the error and returns the exit code. Help and version are not failures.
    static func report(_ error: any Error, _ arguments: [String]) -> Int32 {
        let isJSON = arguments.contains("--json")
        switch error {
        case let error as ControlClientError:
            printError(error.refusal ?? error.code.rawValue, error.description, error.requestID, isJSON)
            return error.code == .notReachable ? notReachable : failed
        case let error as CommandFailure:
            printError("failed", error.description, error.requestID, isJSON)
            return failed
        default: return reportUsage(error, arguments)
        }
    }

    private static func reportUsage(_ error: any Error, _ arguments: [String]) -> Int32 {
        let code = Fitnessctl.exitCode(for: error)
        let message = Fitnessctl.fullMessage(for: error)
        // Nobody reads usage while a shell completes a word.
        if arguments.first == "---completion", !code.isSuccess { return usage }
        // The parser answers `help` about a command that it does not know with the help of all.
        let hint = code == .validationFailure || arguments.first == "help" ? suggestion(for: arguments) : nil
        if let hint { Terminal.printError("fitnessctl: \(PlainText.of(hint))") }
        if code.isSuccess {
            Terminal.print(message)
            return hint == nil ? 0 : usage
        }
        if !message.isEmpty { Terminal.printError(message) }
        // ArgumentParser's code is EX_USAGE of sysexits.h; ours is 2.
        return code == .validationFailure ? usage : code.rawValue
    }

    private static func printError(_ code: String, _ message: String, _ requestID: String?, _ isJSON: Bool) {
        guard isJSON else {
            Terminal.printError("fitnessctl: \(PlainText.of(message))")
            if let requestID {
                Terminal.printError(
                    "fitnessctl: fitnessd's log has it as request \(requestID): journalctl -u fitnessd REQUEST_ID=\(requestID)")
            }
            return
        }
        let details = ["code": code, "message": message].merging(requestID.map { ["request_id": $0] } ?? [:]) { $1 }
        Terminal.printError((try? ControlJSON.encode(["error": details])).map { String(decoding: $0, as: UTF8.self) } ?? message)
    }

    /// The command that a misspelt word probably means; nil: all words are known, or none is near.
    private static func suggestion(for words: [String]) -> String? {
        var command: any ParsableCommand.Type = Fitnessctl.self
        // `fitnessctl help COMMAND` names commands like `fitnessctl COMMAND`.
        for word in words.first == "help" ? words.dropFirst() : words[...] {
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
