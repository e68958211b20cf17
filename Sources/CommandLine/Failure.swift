import ArgumentParser
import ControlAPI
import Foundation

/// Errors as exit codes: 1 failed, 2 usage, 3 daemon not reachable; one sentence on stderr, as the error envelope with `--json`.
enum Failure {
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let notReachable: Int32 = 3

    /// Says what went wrong and returns the exit code. Help and version are not failures.
    static func report(_ error: any Error, asJSON: Bool) -> Int32 {
        switch error {
        case let error as ControlClientError:
            say(error.refusal ?? error.code.rawValue, error.description, asJSON)
            return error.code == .notReachable ? notReachable : failed
        case let error as CommandFailure:
            say("failed", error.description, asJSON)
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
        if code == .validationFailure, let hint = CommandSuggestion.find(Array(CommandLine.arguments.dropFirst()), in: Fitnessctl.self) {
            Terminal.complain("fitnessctl: \(Terminal.safe(hint))")
        }
        if !message.isEmpty { Terminal.complain(message) }
        // EX_USAGE of sysexits.h is ArgumentParser's code; ours is 2.
        return code == .validationFailure ? usage : code.rawValue
    }

    private static func say(_ code: String, _ message: String, _ asJSON: Bool) {
        guard asJSON else { return Terminal.complain("fitnessctl: \(Terminal.safe(message))") }
        let envelope = ["error": ["code": code, "message": message]]
        Terminal.complain((try? ControlJSON.encode(envelope)).map { String(decoding: $0, as: UTF8.self) } ?? message)
    }
}

/// A command that could not do what it was asked for, in one sentence.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
