import ControlAPI
import Core
import Foundation
import Journal
import Logging

extension LoggingSystem {
    /// Sets up logging, once for the process, and returns the daemon's own logger.
    static func start(_ configuration: Configuration, output: LogOutput) -> Logger {
        let (level, format) = (configuration.logLevel, configuration.logFormat)
        let meters = DaemonMeters()
        output.setDropNotice { count in
            meters.linesDropped(count)
            let event = LogEvent(
                level: .warning, message: "log lines dropped, because nobody read them", metadata: [LogKey.count.rawValue: "\(count)"],
                source: nil, file: #fileID, function: #function, line: #line)
            return DaemonLogHandler(logLevel: level, label: "fitnessd", format: format, output: output).record(event)
        }
        LogLevel.shared.replace(with: level)
        bootstrap(
            { label, provider in
                var handler = DaemonLogHandler(logLevel: level, label: label, format: format, output: output)
                handler.metadataProvider = provider
                return LevelledLogHandler(handler)
            }, metadataProvider: LogContext.metadataProvider)
        return Logger(label: "fitnessd")
    }
}

/// Writes each message as one record: as an entry of the journal with native fields, or as a line for people or in JSON on standard error.
struct DaemonLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level
    let label: String
    let format: Configuration.LogFormat
    let output: LogOutput

    init(logLevel: Logger.Level, label: String, format: Configuration.LogFormat, output: LogOutput) {
        self.logLevel = logLevel
        self.label = label
        self.format = format
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { output.write(record(event)) }

    func record(_ event: LogEvent, at time: Date = Date()) -> LogRecord {
        let values = values(event)
        let message = "\(event.message)"
        return switch format {
        case .console:
            LogRecord(
                line: "\(time.formatted(.iso8601)) \(event.level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)) "
                    + text(message, values))
        // If there is no journal's socket, standard error leads to the journal, too, and a prefix says the level (sd-daemon(3)).
        case .journal:
            LogRecord(line: "<\(priority(event.level))>" + text(message, values), journal: entry(event, message, values))
        case .json: LogRecord(line: json(event.level, message, values, at: time))
        }
    }

    /// Sorted by key: what the logger, the task and the message say, and the message's error with its code.
    private func values(_ event: LogEvent) -> [(String, String)] {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        if let error = event.error {
            merged[LogKey.error.rawValue] = "\(error)"
            if let code = (error as? any CodedError)?.codeName { merged[LogKey.errorCode.rawValue] = "\(code)" }
        }
        return merged.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
    }

    private func text(_ message: String, _ values: [(String, String)]) -> String {
        let words = ["\(prefix)\(message)"] + values.map { "\($0.0)=\($0.1.contains(" ") ? "\"\($0.1)\"" : $0.1)" }
        // Names and errors from elsewhere must not send commands to the terminal that shows the log.
        return PlainText.of(words.joined(separator: " ").replacingOccurrences(of: "\n", with: " "))
    }

    /// The journal adds the program's name itself.
    private var prefix: String { format == .journal && label == "fitnessd" ? "" : "\(label): " }

    /// systemd.journal-fields(7) lists the names. `MESSAGE` has the values too, so that plain `journalctl` shows them; `EVENT` is the constant
    /// phrase alone, to search for.
    private func entry(_ event: LogEvent, _ message: String, _ values: [(String, String)]) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", text(message, values))
        entry.add("PRIORITY", "\(priority(event.level))")
        entry.add("SYSLOG_IDENTIFIER", "fitnessd")
        entry.add("SYSLOG_FACILITY", "3")
        entry.add("EVENT", message)
        entry.add("LOGGER", label)
        entry.add("CODE_FILE", event.file)
        entry.add("CODE_LINE", "\(event.line)")
        entry.add("CODE_FUNC", event.function)
        for (key, value) in values { entry.add(key: key, value) }
        return entry
    }

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
