import ArgumentParser
import ControlAPI
import Core
import Foundation
import Journal

@main
struct Fitnessd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fitnessd",
        abstract: "Keeps the Strava data of many athletes complete and current in PostgreSQL.",
        discussion: """
            Settings come from the environment (FITNESSD_…) or from a file of the same keys: man fitnessd.conf; `fitnessd config` shows them.
            """,
        version: ProductVersion.current,
        subcommands: [
            RunCommand.self, CheckCommand.self, ConfigCommand.self, MigrateCommand.self, KeygenCommand.self, ClusterCommand.self,
            RestoreCommand.self,
        ],
        defaultSubcommand: RunCommand.self)

    /// Ends with one sentence on standard error and exit code 1 for a failure, 2 for wrong usage.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            LogOutput.shared.flush()
        } catch let error as SteppedBack {
            end(prefixed("\(error)"), code: SteppedBack.exitCode)
        } catch let error as any AdvisedError {
            fail("\(error)")
        } catch let error as ConfigurationError {
            fail("\(error)")
        } catch {
            let code = exitCode(for: error)
            if code == .validationFailure {
                end(fullMessage(for: error), code: 2)
            }
            if code == .success || error is ExitCode {
                LogOutput.shared.flush()
                exit(withError: error)
            }
            fail(error is CleanExit ? "" : "\(error)")
        }
    }

    /// The journal adds the program's name itself, and reads each line's level from its beginning (sd-daemon(3)).
    private static func prefixed(_ sentence: String) -> String {
        let text = PlainText.rows(sentence)
        let variable = ProcessInfo.processInfo.environment["JOURNAL_STREAM"]
        guard JournalSocket.isBehind(STDERR_FILENO, variable: variable) else { return "fitnessd: \(text)" }
        return text.split(separator: "\n").map { "<3>\($0)" }.joined(separator: "\n")
    }

    private static func fail(_ sentence: String) -> Never { end(prefixed(sentence), code: 1) }

    private static func end(_ text: String, code: Int32) -> Never {
        LogOutput.shared.put([(STDERR_FILENO, text + "\n")])
        LogOutput.shared.flush()
        Foundation.exit(code)
    }
}

/// Options of all commands with settings.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .long, help: ArgumentHelp("A file with the same keys as the environment.", valueName: "path"), completion: .file())
    var config: String?

    func source() throws -> ConfigurationSource { try ConfigurationSource(path: config) }

    func configuration() throws -> Configuration { try Configuration(source()) }
}
