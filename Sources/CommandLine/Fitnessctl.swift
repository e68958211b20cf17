import ArgumentParser
import ControlAPI

/// The tool: one subcommand a file, all of them over the control socket.
struct Fitnessctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fitnessctl",
        abstract: "Ask and steer fitnessd over its control socket.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage, 3 daemon not reachable. With --json the answer is the control API's message as it came.
            """,
        version: ProductVersion.current,
        subcommands: [
            StatusCommand.self, AthletesCommand.self, SyncCommand.self, PauseCommand.self, ResumeCommand.self, LimitsCommand.self,
            QuarantineCommand.self, ExplainCommand.self, RebuildCommand.self, ExportCommand.self,
            WebhookCommand.self,
        ])
}
