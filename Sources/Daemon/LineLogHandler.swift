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
        output.write(line(event.level, "\(event.message)", values))
    }

    func line(_ level: Logger.Level, _ message: String, _ values: [(String, String)], at time: Date = Date()) -> String {
        switch format {
        case .console:
            "\(time.formatted(.iso8601)) \(level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)) " + plain(message, values)
        case .journal: "<\(level.journalPriority)>" + plain(message, values)
        case .json: json(level, message, values, at: time)
        }
    }

    private func plain(_ message: String, _ values: [(String, String)]) -> String {
        (["\(label): \(message)"] + values.map { "\($0.0)=\($0.1.contains(" ") ? "\"\($0.1)\"" : $0.1)" })
            .joined(separator: " ").replacingOccurrences(of: "\n", with: " ")
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
