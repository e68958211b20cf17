import ControlAPI
import Foundation
import Logging

extension LoggingSystem {
    /// Sets up logging, once for the process, and returns the daemon's own logger.
    static func start(_ configuration: Configuration, output: LogOutput) -> Logger {
        let (level, format) = (configuration.logLevel, configuration.logFormat)
        output.setDropNotice { count in
            LineLogHandler(logLevel: level, label: "fitnessd", format: format, output: output)
                .line(.warning, "log lines dropped, because nobody read them", [("count", "\(count)")])
        }
        LogLevel.shared.replace(with: level)
        bootstrap { label in LevelledLogHandler(LineLogHandler(logLevel: level, label: label, format: format, output: output)) }
        return Logger(label: "fitnessd")
    }
}

/// Writes each message as one line to standard error: for people, for the journal (with its `<priority>` prefix), or as JSON.
private struct LineLogHandler: LogHandler {
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
        output.write(line(event.level, "\(event.message)", values))
    }

    func line(_ level: Logger.Level, _ message: String, _ values: [(String, String)], at time: Date = Date()) -> String {
        switch format {
        case .console:
            "\(time.formatted(.iso8601)) \(level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)) " + text(message, values)
        case .journal: "<\(priority(level))>" + text(message, values)
        case .json: json(level, message, values, at: time)
        }
    }

    private func text(_ message: String, _ values: [(String, String)]) -> String {
        let words = ["\(prefix)\(message)"] + values.map { "\($0.0)=\($0.1.contains(" ") ? "\"\($0.1)\"" : $0.1)" }
        // Names and errors from elsewhere must not send commands to the terminal that shows the log.
        return PlainText.of(words.joined(separator: " ").replacingOccurrences(of: "\n", with: " "))
    }

    /// The journal adds the program's name itself.
    private var prefix: String { format == .journal && label == "fitnessd" ? "" : "\(label): " }

    private func json(_ level: Logger.Level, _ message: String, _ values: [(String, String)], at time: Date) -> String {
        var object: [String: String] = Dictionary(values) { first, _ in first }
        object["time"] = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        object["level"] = level.rawValue
        object["label"] = label
        object["message"] = message
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// sd-daemon(3): the kernel's levels, 2 critical to 7 debug.
    private func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
