import ArgumentParser
import Foundation

/// Runs one command and ends with the documented exit code.
@main
enum Entry {
    static func main() async {
        do {
            var command = try Fitnessctl.parseAsRoot()
            if var waiting = command as? any AsyncParsableCommand {
                try await waiting.run()
            } else {
                try command.run()
            }
        } catch {
            exit(Failure.report(error, asJSON: CommandLine.arguments.contains("--json")))
        }
    }
}
