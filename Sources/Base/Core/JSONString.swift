/// Texts as JSON strings (RFC 8259, section 7), for answers that are put together from pieces that are JSON already.
public enum JSONString {
    /// Appends UTF-8 as a JSON string, with its quotes.
    public static func append(_ text: some Collection<UInt8>, to json: inout [UInt8]) {
        json.reserveCapacity(json.count + text.count + text.count / 8)
        json.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): json += Array("\\n".utf8)
            case 0..<0x20: json += Array("\\u00\(Hexadecimal.text([byte]))".utf8)
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}
