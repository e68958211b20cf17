import ControlAPI
import Foundation
import Synchronization

/// Shows the progress of a sync as it arrives, on a terminal in one line that changes.
final class ProgressFollower: Sendable {
    private struct Shown {
        var last: ProgressMessage?
        var count = 0
        /// Nil on a terminal, where each message is shown.
        var printed: ProgressMessage?
        /// The cursor is behind a line that is still to change.
        var isInLine = false
    }

    private let isJSON: Bool
    private let shown = Mutex(Shown())

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Messages that arrived.
    var count: Int { shown.withLock(\.count) }

    /// How the sync ended, with its error; nil: it has not.
    var end: (ProgressMessage.SyncOutcome, String?)? {
        shown.withLock { shown in shown.last?.outcome.map { ($0, shown.last?.error) } }
    }

    /// Shows one message; returns false after the last one.
    func show(_ line: [UInt8]) throws -> Bool {
        let message: ProgressMessage = try ControlClient.decoded(line)
        shown.withLock { shown in
            shown.last = message
            shown.count += 1
            if isJSON {
                Terminal.print(Terminal.line(line))
            } else if Terminal.isInteractive {
                Terminal.replaceLine(text(message))
                shown.isInLine = true
            } else if message.isWorthALine(after: shown.printed) {
                Terminal.print(text(message))
                shown.printed = message
            }
        }
        return message.outcome == nil
    }

    /// What is printed next begins a line of its own.
    func leaveLine() {
        shown.withLock { shown in
            if shown.isInLine { Terminal.print("") }
            shown.isInLine = false
        }
    }

    private func text(_ message: ProgressMessage) -> String {
        var parts = [
            Phrase.count(message.activities, "activity", "activities"), "\(Phrase.count(message.landed, "answer", "answers")) landed",
            "\(Phrase.number(message.pending)) to fetch",
        ]
        if message.athletes != 1 {
            parts.insert("\(Phrase.number(message.finished)) of \(Phrase.number(message.athletes)) athletes", at: 0)
        }
        if message.isStale == true { parts.append("PostgreSQL can't be reached now, retrying") }
        if let waiting = LimitsText.waiting(message.waiting, now: message.at) { parts.append(waiting) }
        if let outcome = message.outcome { parts.append(outcome.rawValue) }
        return parts.joined(separator: ", ")
    }
}

extension ProgressMessage {
    /// Time between two lines where each stays, in seconds.
    static let lineInterval_s = 60.0

    /// Whether a log gets a line for it: the first and the last one, the beginning and the end of trouble, and else one a minute.
    func isWorthALine(after previous: ProgressMessage?) -> Bool {
        guard let previous else { return true }
        if outcome != nil || (isStale ?? false) != (previous.isStale ?? false) { return true }
        return !isSameExceptTime(previous) && at.timeIntervalSince(previous.at) >= Self.lineInterval_s
    }
}
