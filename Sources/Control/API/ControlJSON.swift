import Foundation

/// The only way messages become JSON and back: sorted snake_case keys, ISO-8601 UTC times with milliseconds, ids as numbers.
public enum ControlJSON {
    /// The largest JSON body, of a request or a response, that is not a stream, in bytes: a page of 10,000 athletes fits.
    public static let bodyBytesMax = 16 << 20
    /// The largest line of a stream (import or progress), in bytes.
    public static let lineBytesMax = 64 << 10

    public static func encode(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(ControlTime.text(date))
        }
        return Array(try encoder.encode(message))
    }

    public static func decode<Message: Decodable>(_ type: Message.Type, from bytes: [UInt8]) throws -> Message {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = ControlTime.date(text) else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not an ISO-8601 time"))
            }
            return date
        }
        return try decoder.decode(type, from: Data(bytes))
    }
}

/// Times on the wire: ISO-8601 in UTC, written with milliseconds, read with any fraction or none.
public enum ControlTime {
    private static let precise = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let whole = Date.ISO8601FormatStyle()

    public static func text(_ date: Date) -> String { date.formatted(precise) }

    public static func date(_ text: String) -> Date? {
        (try? precise.parse(text)) ?? (try? whole.parse(text))
    }
}

/// Splits a stream of bytes into lines at line feeds. Holds at most one line of the allowed length and the last bytes appended.
public struct LineSplitter: Sendable {
    public enum Line: Sendable, Equatable {
        /// A line without its line feed and carriage return.
        case whole([UInt8])
        /// A line beyond the limit; its bytes are discarded.
        case tooLong
    }

    private let lineBytesMax: Int
    private var bytes: [UInt8] = []
    private var start = 0
    private var isSkipping = false

    public init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    public mutating func append(_ more: some Collection<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// The next line; nil when more bytes are needed.
    public mutating func next() -> Line? {
        guard let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count - start > lineBytesMax { skipRest() }
            return nil
        }
        defer {
            start = feed + 1
            isSkipping = false
        }
        return line(bytes[start..<feed])
    }

    /// The bytes after the last line feed, as a line; nil when there are none.
    public mutating func finish() -> Line? {
        defer {
            skipRest()
            isSkipping = false
        }
        let rest = bytes[start...]
        return rest.isEmpty && !isSkipping ? nil : line(rest)
    }

    private func line(_ part: ArraySlice<UInt8>) -> Line {
        if isSkipping || part.count > lineBytesMax { return .tooLong }
        return .whole(Array(part.last == UInt8(ascii: "\r") ? part.dropLast() : part))
    }

    private mutating func skipRest() {
        isSkipping = true
        bytes = []
        start = 0
    }
}
