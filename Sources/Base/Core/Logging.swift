import Logging
import Synchronization

/// The keys of log metadata, one list for all modules, so that a log query written once keeps working.
/// Messages are constant lower-case phrases; what varies goes into metadata under one of these keys. Never a token, never a position.
public enum LogKey: String, Sendable {
    case action
    case activityID = "activity_id"
    case athleteID = "athlete_id"
    case attempt
    case channel
    case code
    case count
    case durationMS = "duration_ms"
    case endpoint
    case error
    case errorCode = "error_code"
    case field
    case file
    case from
    case host
    case keyID = "key_id"
    case limit
    case path
    case pid
    case place
    case port
    case reason
    case requestID = "request_id"
    case rows
    case run
    case settings
    case signal
    case socket
    case state
    case status
    case tokenID = "token_id"
    case uid
    case until
    case usage
    case user
    case userID = "user_id"
    case version
}

extension Logger {
    /// Logs `message` with metadata under the project's own keys.
    public func log(
        _ level: Logger.Level, _ message: Logger.Message, _ values: [LogKey: any CustomStringConvertible & Sendable],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(level: level, message, metadata: Self.metadata(values), file: file, function: function, line: line)
    }

    /// Logs `message` with an error, whose text and code become metadata, and with more metadata under the project's own keys.
    public func log(
        _ level: Logger.Level, _ message: Logger.Message, _ error: any Error,
        _ values: [LogKey: any CustomStringConvertible & Sendable] = [:],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(level: level, message, error: error, metadata: Self.metadata(values), file: file, function: function, line: line)
    }

    private static func metadata(_ values: [LogKey: any CustomStringConvertible & Sendable]) -> Logger.Metadata {
        var metadata = Logger.Metadata()
        for (key, value) in values { metadata[key.rawValue] = .stringConvertible(value) }
        return metadata
    }
}

/// Logs a lasting failure once when it begins and once when it is over, however often it is met.
public final class Outage: Sendable {
    private let begun: String
    private let over: String
    private let level: Logger.Level
    private let isOn = Atomic<Bool>(false)

    /// - Parameters:
    ///   - begun: the message at `level` when the failure is first met.
    ///   - over: the notice when it is over.
    public init(_ begun: String, over: String, level: Logger.Level = .error) {
        self.begun = begun
        self.over = over
        self.level = level
    }

    public func met(_ error: any Error, _ logger: Logger) {
        if !isOn.exchange(true, ordering: .relaxed) { logger.log(level, "\(begun)", error) }
    }

    public func isOver(_ logger: Logger) {
        if isOn.exchange(false, ordering: .relaxed) { logger.log(level: .notice, "\(over)") }
    }
}
