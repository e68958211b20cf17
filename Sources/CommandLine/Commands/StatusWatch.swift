import ControlAPI
import Foundation

/// `status --watch` on a terminal: the quota as bars, the queue by class, then all that `status` shows.
struct StatusWatch {
    private static let interval = Duration.seconds(2)

    let client: ControlClient

    func run() async {
        let screen = Screen()
        var last: String?
        repeat {
            do {
                let text = try await page()
                screen.draw(text)
                last = text
            } catch {
                // The daemon may be about to start again: what was last seen stays, and it is asked again.
                screen.draw(Terminal.red("no answer from fitnessd: \(error)") + "\n\n" + (last ?? ""))
            }
        } while screen.wait(Self.interval)
    }

    private func page() async throws -> String {
        let status: StatusMessage = try ControlClient.decoded(try await client.bytes(ControlTarget(.status)))
        let limits: LimitsMessage = try ControlClient.decoded(try await client.bytes(ControlTarget(.limits)))
        let now = Date()
        let text = StatusText(status: status, now: now)
        let parts = [head(text.headline, now), bars(limits.windows, now), queues(limits.queues), text.body(showsWindows: false)]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func head(_ left: String, _ now: Date) -> String {
        let right = "\(ControlTime.text(now).dropFirst(11).prefix(8)) UTC   q quits"
        let blanks = max(2, Terminal.size.columns - left.count - right.count)
        return Terminal.bold(left) + String(repeating: " ", count: blanks) + right
    }

    // MARK: Quota

    private func bars(_ windows: [QuotaWindowMessage], _ now: Date) -> String {
        windows.map { window in
            let name = (window.window == "quarter_hour" ? "quarter hour" : window.window).padding(toLength: 14, withPad: " ", startingAt: 0)
            let left = window.exhausted ? 0 : max(0, window.limit - window.used - window.reserved)
            let words =
                "  \(Phrase.number(left)) of \(Phrase.number(window.limit)) left, resets \(Phrase.time(window.resetsAt, now: now))"
            return name + bar(window, columns: max(10, min(60, Terminal.size.columns - name.count - 50))) + words
        }.joined(separator: "\n")
    }

    /// Used calls, those in flight, and what is left.
    private func bar(_ window: QuotaWindowMessage, columns: Int) -> String {
        let limit = Double(max(1, window.limit))
        let used = window.exhausted ? columns : min(columns, Int((Double(window.used) / limit * Double(columns)).rounded()))
        let flying = min(columns - used, Int((Double(window.reserved) / limit * Double(columns)).rounded(.up)))
        return String(repeating: "█", count: used) + String(repeating: "▒", count: flying)
            + String(repeating: "░", count: columns - used - flying)
    }

    private func queues(_ queues: [LimitsMessage.ClassQueue]) -> String {
        let waiting = queues.map { "\($0.requestClass) \(Phrase.number($0.waiting))" }.joined(separator: "   ")
        return "waiting calls " + waiting
    }
}
