/// Reads the rest of a JSON string from its first backslash on.
struct JSONUnescaper {
    private(set) var text: String

    init(_ beginning: String) { text = beginning }

    /// Returns the position after the closing quote.
    mutating func finish(_ bytes: [UInt8], from start: Int) throws(JSONParser.Failure) -> Int {
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"): position = try escape(bytes, at: position + 1)
            default: position = try plainRun(bytes, from: position)
            }
        }
        throw .malformed
    }

    private mutating func plainRun(_ bytes: [UInt8], from start: Int) throws(JSONParser.Failure) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") {
            guard bytes[end] >= 0x20 else { throw .malformed }
            end += 1
        }
        guard let run = String(validating: bytes[start..<end], as: UTF8.self) else { throw .malformed }
        text += run
        return end
    }

    private mutating func escape(_ bytes: [UInt8], at position: Int) throws(JSONParser.Failure) -> Int {
        guard position < bytes.count else { throw .malformed }
        if bytes[position] == UInt8(ascii: "u") { return try unicode(bytes, from: position + 1) }
        guard let scalar = Self.shortEscapes[bytes[position]] else { throw .malformed }
        text.unicodeScalars.append(scalar)
        return position + 1
    }

    /// `\uXXXX`, or two of them when the first is half of a pair. Half a pair alone becomes U+FFFD, as in most readers.
    private mutating func unicode(_ bytes: [UInt8], from position: Int) throws(JSONParser.Failure) -> Int {
        let first = try unit(bytes, from: position)
        let next = position + 4
        if UTF16.isLeadSurrogate(first), next + 5 < bytes.count, bytes[next] == UInt8(ascii: "\\"),
            bytes[next + 1] == UInt8(ascii: "u")
        {
            let second = try unit(bytes, from: next + 2)
            if UTF16.isTrailSurrogate(second) {
                text += String(decoding: [first, second], as: UTF16.self)
                return next + 6
            }
        }
        text += String(decoding: [first], as: UTF16.self)
        return next
    }

    private func unit(_ bytes: [UInt8], from position: Int) throws(JSONParser.Failure) -> UInt16 {
        guard position + 4 <= bytes.count else { throw .malformed }
        var value: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw .malformed }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static let shortEscapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{08}",
        UInt8(ascii: "f"): "\u{0C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]
}
