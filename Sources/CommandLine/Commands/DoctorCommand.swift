import ArgumentParser
import ControlAPI
import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check each part of the running service, and say what to do.",
        discussion: """
            Looks at the daemon as it runs, with its settings and its account, and changes nothing; fitnessd check looks at what a start would find, and \
            fitnessctl status --check makes the checks that take a moment. Exit code 1 when something needs a person (WARN or FAIL).
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.doctor))
        let message: DoctorMessage = try ControlClient.decoded(bytes)
        Terminal.print(options.json ? Terminal.line(bytes) : text(message))
        if !message.healthy { throw ExitCode(ExitStatus.failed) }
    }

    private func text(_ message: DoctorMessage) -> String {
        message.checks.flatMap { check in
            let isBad = [.warn, .fail].contains(check.level)
            let word = isBad ? check.level.rawValue.uppercased() : check.level == .ok ? "ok  " : "-   "
            let line = "\(word)  \(check.name): \(check.summary)"
            return [isBad ? Terminal.red(line) : line] + (check.advice.map { ["      \($0)"] } ?? [])
        }.joined(separator: "\n")
    }
}
