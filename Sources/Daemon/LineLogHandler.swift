import ControlAPI
import Foundation
import Logging
import Synchronization

/// Writes one line a message to standard error: for people, for the journal (with its `<priority>` prefix), or as JSON.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    let label: String
    let format: Configuration.LogFormat
    let output: LogOutput

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let values = merged.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        switch format {
        case .console: output.write(console(event, values))
        case .journal: output.write("<\(event.level.journalPriority)>" + plain(event, values))
        case .json: output.write(json(event, values))
        }
    }

    private func console(_ event: LogEvent, _ values: [(String, String)]) -> String {
        "\(Date().formatted(.iso8601.time(includingFractionalSeconds: false))) \(event.level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)) "
            + plain(event, values)
    }

    private func plain(_ event: LogEvent, _ values: [(String, String)]) -> String {
        (["\(prefix)\(event.message)"] + values.map { "\($0.0)=\($0.1.contains(" ") ? "\"\($0.1)\"" : $0.1)" })
            .joined(separator: " ").replacingOccurrences(of: "\n", with: " ").asPlainText
    }

    /// The journal names the program by itself.
    private var prefix: String { format == .journal && label == "fitnessd" ? "" : "\(label): " }

    private func json(_ event: LogEvent, _ values: [(String, String)]) -> String {
        var object: [String: String] = Dictionary(values) { first, _ in first }
        object["time"] = Date().formatted(.iso8601.time(includingFractionalSeconds: true))
        object["level"] = event.level.rawValue
        object["label"] = label
        object["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension String {
    /// Names and errors from elsewhere can't steer the terminal that shows the log.
    fileprivate var asPlainText: String { PlainText.of(self) }
}

extension Logger.Level {
    /// sd-daemon(3): the kernel's levels, 3 error to 7 debug.
    fileprivate var journalPriority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}

/// Standard error, one line at a time; a live display can be told to step aside for a line.
final class LogOutput: Sendable {
    /// Called before and after a line is written, so that a status line at the bottom of the terminal is cleared and drawn again.
    private let aside: Mutex<(@Sendable (_ write: () -> Void) -> Void)?>

    init() { aside = Mutex(nil) }

    func stepAside(_ body: (@Sendable (_ write: () -> Void) -> Void)?) { aside.withLock { $0 = body } }

    func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        let body = aside.withLock { $0 }
        func write() { _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) } }
        if let body { body(write) } else { write() }
    }
}
