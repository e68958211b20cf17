/// Cuts a stream of bytes into lines at line feeds. Never holds more than one line of the allowed length and the last piece given to it.
public struct LineSplitter: Sendable {
    public enum Line: Sendable, Equatable {
        /// A line without its line feed and carriage return.
        case whole([UInt8])
        /// A line beyond the limit; its bytes are gone.
        case tooLong
    }

    private let lineBytesMax: Int
    private var bytes: [UInt8] = []
    private var start = 0
    private var isSkipping = false

    public init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    public mutating func append(_ more: some Collection<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// The next line, nil when more bytes are needed.
    public mutating func next() -> Line? {
        guard let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count - start > lineBytesMax { skipRest() }
            return nil
        }
        defer {
            start = feed + 1
            isSkipping = false
        }
        return line(bytes[start..<feed])
    }

    /// What is left after the last line feed, nil when nothing is.
    public mutating func finish() -> Line? {
        defer {
            skipRest()
            isSkipping = false
        }
        let rest = bytes[start...]
        return rest.isEmpty && !isSkipping ? nil : line(rest)
    }

    private func line(_ part: ArraySlice<UInt8>) -> Line {
        if isSkipping || part.count > lineBytesMax { return .tooLong }
        return .whole(Array(part.last == UInt8(ascii: "\r") ? part.dropLast() : part))
    }

    private mutating func skipRest() {
        isSkipping = true
        bytes = []
        start = 0
    }
}
