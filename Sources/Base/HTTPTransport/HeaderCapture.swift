/// Collects header lines as libcurl delivers them and keeps those of the last head: a proxy's or an interim answer's head comes first
/// and is dropped when the next status line begins.
struct HeaderCapture {
    /// Strava sends about 1 kB; more than this is an attack or an error.
    static let bytesMax = 64 << 10

    private(set) var headers = HTTPHeaders()
    private(set) var isTooLarge = false
    private var bytes = 0

    /// Takes one line. False: the limit is passed, stop the transfer.
    mutating func received(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes += line.count
        if bytes > Self.bytesMax {
            isTooLarge = true
            return false
        }
        if line.starts(with: "HTTP/".utf8) {
            headers = HTTPHeaders()
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 {
            headers.add(name: Self.text(line[..<colon]), value: Self.text(line[(colon + 1)...]))
        }
        return true
    }

    private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
