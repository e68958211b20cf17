extension HTTPRequest {
    /// Whether nothing in the request could end a header line early or be cut at a NUL, and the limit of the body is a number of bytes.
    var isWellFormed: Bool {
        bodyBytesMax >= 0 && !url.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            && headers.allSatisfy { Self.isToken($0.name) && Self.isFieldValue($0.value) }
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
    }

    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }
    }
}
