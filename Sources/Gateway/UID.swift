/// The application's own name for a person: 1 to 128 of `A-Z a-z 0-9 . _ : @ + -`. It comes from the network and goes into a page.
public struct UID: Sendable, Equatable {
    public let text: String

    /// Nil when the text is no such name.
    public init?(_ text: some StringProtocol) {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = String(text)
    }

    /// As it stands in a query, where a plain `+` may be read as a blank.
    var queryText: String { text.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%2B") }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ".-_:@+".utf8.contains(byte)
        }
    }
}
