/// Strava's number for an athlete; the first column of every per-athlete key in PostgreSQL.
public struct AthleteID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ value: Int64) { self.rawValue = value }
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
    public var description: String { String(rawValue) }
    public static func < (left: AthleteID, right: AthleteID) -> Bool { left.rawValue < right.rawValue }
}

/// Strava's number for an activity. Not ordered by date: a late upload gets a high number.
public struct ActivityID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ value: Int64) { self.rawValue = value }
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
    public var description: String { String(rawValue) }
    public static func < (left: ActivityID, right: ActivityID) -> Bool { left.rawValue < right.rawValue }

    /// The number in an address: 1 to 18 digits, and not 0. Nil: the text is none.
    public init?(digits text: some StringProtocol) {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text), number > 0
        else { return nil }
        self.init(number)
    }
}

/// The application's own name for a person. One rule for the connect link, the import and the control API, since the name appears in
/// addresses, pages and logs as it is.
public struct UID: Hashable, Sendable, CustomStringConvertible {
    public static let bytesMax = 128
    /// The sentence for a text that is refused.
    public static let rule = "a uid has 1 to \(bytesMax) of the characters A-Z a-z 0-9 . _ : @ + -"

    public let text: String

    /// Nil when the text breaks the rule.
    public init?(_ text: some StringProtocol) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = String(text)
    }

    public var description: String { text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ".-_:@+".utf8.contains(byte)
        }
    }
}
