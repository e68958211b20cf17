/// Our own style sheets and scripts as they are sent: without comments and what only indents, so that a first view is light.
enum AssetText {
    /// - Parameter name: of the file; what is neither a style sheet nor a script stays as it is.
    static func shrunk(_ bytes: [UInt8], name: String) -> [UInt8] {
        if name.hasSuffix(".css") { return style(bytes) }
        return name.hasSuffix(".js") ? script(bytes) : bytes
    }

    /// Lines without their indentation; those that are empty or a comment alone are left out. Our scripts have no text over several lines.
    private static func script(_ bytes: [UInt8]) -> [UInt8] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { $0.drop { $0 == UInt8(ascii: " ") } }
        return Array(lines.filter { !$0.isEmpty && !$0.starts(with: "//".utf8) }.joined(separator: "\n".utf8))
    }

    /// Outside of strings: no comments, one space at most, none beside `{ } ; ,` and none behind `:`. One before `:` may stand for a descendant.
    private static func style(_ bytes: [UInt8]) -> [UInt8] {
        var (kept, quote, place) = ([UInt8](), UInt8(0), 0)
        kept.reserveCapacity(bytes.count)
        while place < bytes.count {
            let byte = bytes[place]
            if quote != 0 {
                if byte == quote { quote = 0 }
                kept.append(byte)
            } else if byte == UInt8(ascii: "/"), bytes[place...].starts(with: "/*".utf8) {
                place = end(ofComment: place, bytes)
            } else if byte <= 0x20 {
                if let last = kept.last, last != 0x20, !isTight(last), last != UInt8(ascii: ":") { kept.append(0x20) }
            } else {
                if isTight(byte), kept.last == 0x20 { kept.removeLast() }
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
                kept.append(byte)
            }
            place += 1
        }
        return kept
    }

    private static func isTight(_ byte: UInt8) -> Bool { "{};,".utf8.contains(byte) }

    /// The place of the comment's last byte.
    private static func end(ofComment start: Int, _ bytes: [UInt8]) -> Int {
        var place = start + 2
        while place + 1 < bytes.count, !(bytes[place] == UInt8(ascii: "*") && bytes[place + 1] == UInt8(ascii: "/")) { place += 1 }
        return place + 1
    }
}
