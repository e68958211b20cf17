import ControlAPI
import Foundation

/// A pause in words: when it ends, and why it is.
enum PauseText {
    static func text(_ pause: PauseMessage, now: Date) -> String {
        let end = pause.until.map { ", goes on \(Phrase.relative($0, now: now))" } ?? " until resumed"
        return end + (pause.reason.map { " (\(Terminal.safe($0)))" } ?? "")
    }
}
