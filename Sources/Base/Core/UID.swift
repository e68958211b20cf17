/// The application's own name for a person. One rule for the connect link, the import and the control API: the name goes into addresses,
/// pages and logs as it is.
public struct UID: Hashable, Sendable, CustomStringConvertible {
    public static let bytesMax = 128
    /// What a refusal says.
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
