/// Splits an SQL script into its statements, so that each can be prepared or sent by itself.
public enum SQLScript {
    /// The statements in order, without their semicolons. Comments within or before a statement are kept; a part of comments only is left
    /// out.
    ///
    /// Understands comments to the end of the line and between `/*` and `*/` (not nested), quoted strings and names, and dollar quotes; not
    /// backslashes in strings (`E'…'`).
    public static func statements(of script: String) -> [String] {
        let bytes = Array(script.utf8)
        var statements: [String] = []
        var start = 0
        var place = 0
        var hasCode = false
        while place < bytes.count {
            let next = end(of: place, in: bytes)
            if bytes[place] == UInt8(ascii: ";") {
                if hasCode { statements.append(String(decoding: bytes[start..<place], as: UTF8.self)) }
                (start, hasCode) = (next, false)
            } else if !isComment(at: place, in: bytes), bytes[place] > UInt8(ascii: " ") {
                hasCode = true
            }
            place = next
        }
        if hasCode { statements.append(String(decoding: bytes[start...], as: UTF8.self)) }
        return statements
    }

    private static func isComment(at place: Int, in bytes: [UInt8]) -> Bool {
        bytes[place...].starts(with: "--".utf8) || bytes[place...].starts(with: "/*".utf8)
    }

    /// The end of the comment, the quoted text or else the single byte at `place`. A doubled quote within a string ends one string and
    /// begins the next, which gives the same result.
    private static func end(of place: Int, in bytes: [UInt8]) -> Int {
        switch bytes[place] {
        case UInt8(ascii: "-") where isComment(at: place, in: bytes): return end(after: "\n", in: bytes, from: place)
        case UInt8(ascii: "/") where isComment(at: place, in: bytes): return end(after: "*/", in: bytes, from: place + 2)
        case UInt8(ascii: "'"): return end(after: "'", in: bytes, from: place + 1)
        case UInt8(ascii: "\""): return end(after: "\"", in: bytes, from: place + 1)
        case UInt8(ascii: "$"):
            guard let mark = dollarMark(at: place, in: bytes) else { return place + 1 }
            return end(after: mark, in: bytes, from: place + mark.utf8.count)
        default: return place + 1
        }
    }

    /// The opening `$$` or `$tag$`; nil for a parameter such as `$1`.
    private static func dollarMark(at place: Int, in bytes: [UInt8]) -> String? {
        let tag = bytes[(place + 1)...].prefix { $0 == UInt8(ascii: "_") || isLetter($0) }
        guard tag.endIndex < bytes.count, bytes[tag.endIndex] == UInt8(ascii: "$") else { return nil }
        return String(decoding: bytes[place...tag.endIndex], as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

    private static func end(after mark: String, in bytes: [UInt8], from start: Int) -> Int {
        var place = start
        while place < bytes.count, !bytes[place...].starts(with: mark.utf8) { place += 1 }
        return min(bytes.count, place + mark.utf8.count)
    }
}
