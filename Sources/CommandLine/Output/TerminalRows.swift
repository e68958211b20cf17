import ControlAPI
import Synchronization

/// Rows that arrive in pieces, for a terminal: nothing in them steers it. A character that is cut by the end of a piece waits for the rest.
final class TerminalRows: Sendable {
    private let cut = Mutex<[UInt8]>([])

    func received(_ bytes: [UInt8]) -> [UInt8] {
        cut.withLock { cut in
            let all = cut + bytes
            let whole = all.count - Self.cutCount(all)
            cut = Array(all[whole...])
            return Self.cleaned(all[..<whole])
        }
    }

    func ended() -> [UInt8] { cut.withLock { Self.cleaned($0[...]) } }

    private static func cleaned(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(PlainText.rows(String(decoding: bytes, as: UTF8.self)).utf8)
    }

    /// How many bytes at the end begin a character of UTF-8 that is longer.
    private static func cutCount(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
