import ControlAPI
import Foundation
import Synchronization

/// Shows progress lines as they come and turns the last one into success or failure.
final class ProgressFollower: Sendable {
    private let isJSON: Bool
    private let last = Mutex<ProgressMessage?>(nil)

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Shows one line; false when it was the last.
    func take(_ line: [UInt8]) throws -> Bool {
        let message: ProgressMessage = try ControlClient.decoded(line)
        let before = last.withLock { last in
            defer { last = message }
            return last
        }
        if isJSON {
            Terminal.print(Terminal.line(line))
        } else if Terminal.isInteractive {
            Terminal.replaceLine(text(message))
            if message.outcome != nil { Terminal.print("") }
        } else if before.map({ !$0.isSameExceptTime(message) }) ?? true {
            Terminal.print(text(message))
        }
        return message.outcome == nil
    }

    /// Throws when the sync failed, rests, or was not followed to its end.
    func finish() throws {
        guard let message = last.withLock({ $0 }), let outcome = message.outcome else {
            throw CommandFailure("fitnessd stopped before the sync ended; it goes on when fitnessd starts again")
        }
        switch outcome {
        case .done: return
        case .paused: throw CommandFailure("paused: fitnessctl resume lets it go on")
        case .failed: throw CommandFailure(message.error ?? "the sync failed; fitnessctl athletes list says where")
        }
    }

    private func text(_ message: ProgressMessage) -> String {
        var parts = [
            "\(Phrase.number(message.activities)) activities", "\(Phrase.number(message.landed)) answers landed",
            "\(Phrase.number(message.pending)) to fetch",
        ]
        if message.athletes != 1 {
            parts.insert("\(Phrase.number(message.finished)) of \(Phrase.number(message.athletes)) athletes", at: 0)
        }
        if let waiting = LimitsText.waiting(message.waiting, now: message.at) { parts.append(waiting) }
        if let outcome = message.outcome { parts.append(outcome.rawValue) }
        return parts.joined(separator: ", ")
    }
}
