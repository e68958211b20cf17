import Core
import Logging
import Synchronization

/// Records every message of a logger with its level and metadata, as text.
public final class LogCapture: Sendable {
    private let lines = Mutex<[String]>([])

    public init() {}

    public var text: String { lines.withLock { $0.joined(separator: "\n") } }

    public var logger: Logger {
        var logger = Logger(label: "capture") { _ in Handler(capture: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var values = (event.metadata ?? [:]).merging(LogContext.metadataProvider.get()) { own, _ in own }
            if let error = event.error { values[LogKey.error.rawValue] = "\(error)" }
            let line = "\(event.level) \(event.message) \(values)"
            capture.lines.withLock { $0.append(line) }
        }
    }
}

/// Logs only critical messages: what a test provokes on purpose is not worth reading.
public let quietLogger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()
