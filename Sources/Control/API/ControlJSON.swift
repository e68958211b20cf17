import Foundation

/// The one way messages become JSON and back: sorted snake_case keys, ISO-8601 UTC times with milliseconds, ids as numbers.
public enum ControlJSON {
    /// The largest JSON body (request or answer) of the API that is not a stream, in bytes: a page of 10,000 athletes fits.
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
