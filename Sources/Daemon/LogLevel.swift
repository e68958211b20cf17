import Core
import Logging

/// The level of all loggers of this process, which a reload changes.
enum LogLevel {
    static let shared = Live(Logger.Level.info)
}

/// A log handler whose level is the shared one.
struct LevelledLogHandler<Handler: LogHandler>: LogHandler {
    private var handler: Handler

    init(_ handler: Handler) { self.handler = handler }

    /// A level that one logger asks for is not kept.
    var logLevel: Logger.Level {
        get { LogLevel.shared.value }
        set {}
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { handler.metadataProvider }
        set { handler.metadataProvider = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { handler.log(event: event) }
}
