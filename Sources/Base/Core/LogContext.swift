import Logging

/// What all log lines of one request or one turn have in common. Child tasks inherit it, so the code on the way need not pass it on.
public struct LogContext: Sendable {
    @TaskLocal public static var current = LogContext()

    /// The request that is being answered, or that asked for what is being done.
    public var requestID: LogID?
    /// The turn of an athlete; stands in `sync.run.log_id`.
    public var run: LogID?

    public init(requestID: LogID? = nil, run: LogID? = nil) {
        self.requestID = requestID
        self.run = run
    }

    /// Adds the current context to log lines.
    public static let metadataProvider = Logger.MetadataProvider {
        var metadata = Logger.Metadata()
        let context = current
        if let id = context.requestID { metadata[LogKey.requestID.rawValue] = .stringConvertible(id) }
        if let run = context.run { metadata[LogKey.run.rawValue] = .stringConvertible(run) }
        return metadata
    }
}

/// A random number that is unique in a log for all that matters: 16 hexadecimal digits. It says nothing about the athlete or the client.
public struct LogID: Sendable, Hashable, CustomStringConvertible {
    private static let byteCount = 8

    public let description: String

    public init() {
        // One random number: each is a call of the kernel.
        let random = UInt64.random(in: .min ... .max)
        description = Hexadecimal.text((0..<Self.byteCount).map { UInt8(truncatingIfNeeded: random >> (8 * $0)) })
    }

    /// - Parameter text: an id that this program has made; nil for any other text.
    public init?(_ text: String) {
        guard Hexadecimal.bytes(text, count: Self.byteCount) != nil else { return nil }
        description = text
    }
}
