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
        let columns = Terminal.size.columns
        let parts = [
            Self.head(text.headline, now, columns), Self.bars(limits.windows, now, columns), Self.queues(limits.queues),
            text.body(showsWindows: false),
        ]
        return Self.fitting(parts.filter { !$0.isEmpty }.joined(separator: "\n\n"), columns)
    }

    private static func head(_ left: String, _ now: Date, _ columns: Int) -> String {
        let right = "\(ControlTime.text(now).dropFirst(11).prefix(8)) UTC   q quits"
        let blanks = max(2, columns - left.count - right.count)
        return Terminal.bold(left) + String(repeating: " ", count: blanks) + right
    }

    // MARK: Width

    /// Lines that are too long go on in the next one, below the value in lines like `athletes     5`.
    static func fitting(_ text: String, _ columns: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            length(line) <= columns ? String(line) : broken(line, columns)
        }.joined(separator: "\n")
    }

    private static func broken(_ text: Substring, _ columns: Int) -> String {
        let name = text.prefix(StatusText.valuesAt)
        let start = name.hasSuffix("  ") ? String(name) : ""
        let indent = String(repeating: " ", count: start.isEmpty ? 2 : start.count)
        var (lines, line, isFirst) = ([String](), start, true)
        for word in text.dropFirst(start.count).split(separator: " ") {
            if !isFirst, length(line) + 1 + length(word) > columns {
                lines.append(line)
                (line, isFirst) = (indent, true)
            }
            line += (isFirst ? "" : " ") + word
            isFirst = false
        }
        return (lines + [line]).joined(separator: "\n")
    }

    /// Characters on the screen, which colours are not.
    private static func length(_ text: some StringProtocol) -> Int { String(text).replacing(/\u{1B}\[[0-9;]*m/, with: "").count }

    // MARK: Quota

    /// Bars of one length, with as much beside them as fits.
    private static func bars(_ windows: [QuotaWindowMessage], _ now: Date, _ columns: Int) -> String {
        let forms = [WindowWords.whole, .brief, .briefest].map { form in windows.map { form.text($0, now) } }
        let free = forms.map { columns - nameWidth - ($0.map(\.count).max() ?? 0) }
        let chosen = free.firstIndex { $0 >= 20 } ?? forms.count - 1
        let length = max(10, min(60, free[chosen]))
        return zip(windows, forms[chosen]).map { window, words in
            let name = window.window == "quarter_hour" ? "quarter hour" : window.window
            return name.padding(toLength: nameWidth, withPad: " ", startingAt: 0) + bar(window, columns: length) + words
        }.joined(separator: "\n")
    }

    private static let nameWidth = 14

    /// What stands beside a bar.
    private enum WindowWords {
        case whole, brief, briefest

        func text(_ window: QuotaWindowMessage, _ now: Date) -> String {
            let left = window.exhausted ? 0 : max(0, window.limit - window.used - window.reserved)
            let calls = "  \(Phrase.number(left)) of \(Phrase.number(window.limit)) left"
            let end = ControlTime.text(window.resetsAt).dropFirst(11).prefix(5)
            return switch self {
            case .whole: "\(calls), resets \(Phrase.time(window.resetsAt, now: now))"
            case .brief: "\(calls) until \(end) (\(Phrase.span(window.resetsAt.timeIntervalSince(now))))"
            case .briefest: "\(calls) until \(end)"
            }
        }
    }

    /// Used calls, those in flight, and what is left.
    private static func bar(_ window: QuotaWindowMessage, columns: Int) -> String {
        let limit = Double(max(1, window.limit))
        let used = window.exhausted ? columns : min(columns, Int((Double(window.used) / limit * Double(columns)).rounded()))
        let flying = min(columns - used, Int((Double(window.reserved) / limit * Double(columns)).rounded(.up)))
        return String(repeating: "█", count: used) + String(repeating: "▒", count: flying)
            + String(repeating: "░", count: columns - used - flying)
    }

    private static func queues(_ queues: [LimitsMessage.ClassQueue]) -> String {
        let waiting = queues.map { "\($0.requestClass) \(Phrase.number($0.waiting))" }.joined(separator: "   ")
        return "waiting calls " + waiting
    }
}
