/// Standard base64 (RFC 4648, section 4) for keys, directly from and into the caller's memory, so that no copy is left behind. Foundation's
/// would leave one.
enum Base64 {
    /// Decodes exactly `output.count` bytes. False when `text` is not their canonical padded encoding.
    static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        let paddingCount = (3 - output.count % 3) % 3
        guard text.count == (output.count + 2) / 3 * 4 else { return false }
        guard text.suffix(paddingCount).allSatisfy({ $0 == UInt8(ascii: "=") }) else { return false }
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        var written = 0
        for byte in text.dropLast(paddingCount) {
            guard let value = value(of: byte) else { return false }
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            output[written] = UInt8(truncatingIfNeeded: bits >> bitCount)
            bits &= (1 << bitCount) - 1
            written += 1
        }
        return written == output.count && bits == 0
    }

    static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for position in 0..<4 {
                let isPadding = position > group.count
                text.append(isPadding ? UInt8(ascii: "=") : digit(bits >> (18 - 6 * UInt32(position)) & 63))
            }
        }
        return text
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + UInt8(value)
        case 26..<52: UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: UInt8(ascii: "0") + UInt8(value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
