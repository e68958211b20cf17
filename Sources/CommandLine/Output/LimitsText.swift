import ControlAPI
import Foundation

/// Quota windows, queues and what is waited for, as text.
enum LimitsText {
    static func text(_ limits: LimitsMessage, now: Date) -> String {
        var queues = Table(["class", "waiting", "allowed since start"], numbers: [1, 2])
        for queue in limits.queues {
            queues.row([queue.requestClass, Phrase.number(queue.waiting), Phrase.number(queue.granted)])
        }
        let parts = [windows(limits.windows, now: now), queues.text, circuit(limits.circuit, now: now), waiting(limits.waiting, now: now)]
        return parts.compactMap { $0 }.joined(separator: "\n\n")
    }

    static func windows(_ windows: [QuotaWindowMessage], now: Date) -> String? {
        guard !windows.isEmpty else { return nil }
        var table = Table(["quota", "used", "limit", "left", "by others", "under way", "resets"], numbers: Set(1...5))
        for window in windows {
            let left = window.exhausted ? 0 : max(0, window.limit - window.used)
            let numbers = [window.used, window.limit, left, window.foreign, window.reserved]
            let name = window.window == "quarter_hour" ? "quarter hour" : window.window
            table.row([name] + numbers.map { Phrase.number($0) } + [Phrase.relative(window.resetsAt, now: now)])
        }
        return table.text
    }

    static func waiting(_ waiting: WaitingMessage?, now: Date) -> String? {
        waiting.map { waiting in
            let reason = Terminal.safe(waiting.reason).replacing("_", with: " ")
            return "waiting: \(reason)" + (waiting.until.map { ", goes on \(Phrase.relative($0, now: now))" } ?? "")
        }
    }

    private static func circuit(_ circuit: LimitsMessage.Circuit, now: Date) -> String? {
        guard circuit.state != "closed" else { return nil }
        let reason = circuit.reason.map { ": " + Terminal.safe($0).replacing("_", with: " ") } ?? ""
        let until = circuit.until.map { ", tries again \(Phrase.relative($0, now: now))" } ?? ""
        return Terminal.red("calls to Strava are stopped\(reason)\(until)")
    }
}
