/// A byte order mark before JSON is no part of it, and a reader may pass over it (RFC 8259, 8.1).
enum ByteOrderMark {
    /// Where the text begins.
    static func end(in bytes: [UInt8]) -> Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}
