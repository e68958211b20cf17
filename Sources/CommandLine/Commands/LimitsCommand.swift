import ArgumentParser
import ControlAPI
import Foundation

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Show Strava's quota windows and the calls waiting for them.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.show(ControlTarget(.limits), as: LimitsMessage.self) { LimitsText.text($0, now: Date()) }
    }
}

/// Quota windows, queues and waits as text; `status` and `sync --wait` show parts of it.
enum LimitsText {
    fileprivate static func text(_ limits: LimitsMessage, now: Date) -> String {
        var queues = TextTable(["class", "waiting", "permitted since start"], numbers: [1, 2])
        for queue in limits.queues {
            queues.add([queue.requestClass, Phrase.number(queue.waiting), Phrase.number(queue.granted)])
        }
        let parts = [windows(limits.windows, now: now), queues.text, circuit(limits.circuit, now: now), waiting(limits.waiting, now: now)]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    static func windows(_ windows: [QuotaWindowMessage], now: Date) -> String? {
        guard !windows.isEmpty else { return nil }
        var table = TextTable(["quota", "used", "limit", "left", "by others", "in flight", "resets"], numbers: Set(1...5), times: [6])
        for window in windows {
            let left = window.exhausted ? 0 : max(0, window.limit - window.used)
            let numbers = [window.used, window.limit, left, window.foreign, window.reserved]
            let name = window.window == "quarter_hour" ? "quarter hour" : window.window
            table.add([name] + numbers.map { Phrase.number($0) } + [Phrase.cell(window.resetsAt, now: now)])
        }
        return table.text
    }

    static func waiting(_ waiting: WaitingMessage?, now: Date) -> String? {
        waiting.map { waiting in
            "waiting\(waiting.until.map { " until \(Phrase.time($0, now: now))" } ?? ""): \(WaitingReason.clause(waiting.reason))"
        }
    }

    private static func circuit(_ circuit: LimitsMessage.CircuitStatus, now: Date) -> String? {
        guard circuit.state != "closed" else { return nil }
        let reason = circuit.reason.map { ": " + $0.replacing("_", with: " ") } ?? ""
        let until = circuit.until.map { ", next try at \(Phrase.time($0, now: now))" } ?? ""
        return Terminal.red("calls to Strava are stopped\(reason)\(until)")
    }
}
