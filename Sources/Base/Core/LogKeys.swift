import Logging

/// The keys of log metadata, one list for all modules, so that a log query written once keeps working.
/// Messages are constant lower-case phrases; what varies goes into metadata under one of these keys. Never a token, never a position.
public enum LogKey: String, Sendable {
    case activityID = "activity_id"
    case athleteID = "athlete_id"
    case attempt
    case channel
    case code
    case count
    case durationMS = "duration_ms"
    case endpoint
    case error
    case file
    case from
    case host
    case limit
    case path
    case pid
    case place
    case port
    case reason
    case requestID = "request_id"
    case rows
    case signal
    case socket
    case state
    case status
    case uid
    case until
    case usage
    case version
}

extension Logger {
    /// Logs `message` with metadata under the project's own keys.
    public func log(_ level: Logger.Level, _ message: Logger.Message, _ values: [LogKey: any CustomStringConvertible & Sendable]) {
        var metadata = Logger.Metadata()
        for (key, value) in values { metadata[key.rawValue] = .stringConvertible(value) }
        log(level: level, message, metadata: metadata)
    }
}
