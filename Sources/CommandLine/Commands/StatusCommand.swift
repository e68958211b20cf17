import ArgumentParser
import ControlAPI
import Foundation

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the daemon holds, does and waits for.")

    private static let watchInterval = Duration.seconds(2)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Show it again every two seconds until interrupted; with --json one message a line.")
    var watch = false

    func run() async throws {
        try await show()
        while watch {
            try await Task.sleep(for: Self.watchInterval)
            try await show()
        }
    }

    private func show() async throws {
        try await options.show(ControlTarget(.status), as: StatusMessage.self) { status in
            if watch, Terminal.isInteractive, !options.json { Terminal.clear() }
            return StatusText(status: status, now: Date()).text
        }
    }
}
