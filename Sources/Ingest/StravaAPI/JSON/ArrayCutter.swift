/// Finds where each element of a top-level JSON array begins and ends, without reading what is inside: the exact bytes are kept as Strava
/// sent them, and one element that can't be read doesn't spoil its neighbours. It goes by quotes, escapes and brackets only.
struct ArrayCutter {
    enum Failure: Error { case notAnArray, unterminated, trailingBytes, tooManyElements }

    /// A page has 200 elements at most (docs/strava-api.md 3.2); more than five times that is no page of Strava's.
    static let elementsMax = 1_000

    private let bytes: [UInt8]
    private var position: Int
    private var ranges: [Range<Int>] = []

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = ByteOrderMark.end(in: bytes)
    }

    /// The places of the elements, without the blanks around them.
    static func cut(_ bytes: [UInt8]) throws(Failure) -> [Range<Int>] {
        var cutter = ArrayCutter(bytes)
        try cutter.array()
        return cutter.ranges
    }

    private mutating func array() throws(Failure) {
        skipBlanks()
        guard next() == UInt8(ascii: "[") else { throw .notAnArray }
        skipBlanks()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
        } else {
            while try element() {}
        }
        skipBlanks()
        guard position == bytes.count else { throw .trailingBytes }
    }

    /// Passes one element and the comma or bracket behind it. False: that was the array's end.
    private mutating func element() throws(Failure) -> Bool {
        skipBlanks()
        let start = position
        var depth = 0
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "]") where depth > 0: depth -= 1
            case UInt8(ascii: "]"):
                try keep(start..<position - 1)
                return false
            case UInt8(ascii: ",") where depth == 0:
                try keep(start..<position - 1)
                return true
            default: break
            }
            guard depth >= 0 else { throw .unterminated }
        }
        throw .unterminated
    }

    private mutating func keep(_ range: Range<Int>) throws(Failure) {
        guard ranges.count < Self.elementsMax else { throw .tooManyElements }
        var end = range.upperBound
        while end > range.lowerBound, Self.isBlank(bytes[end - 1]) { end -= 1 }
        ranges.append(range.lowerBound..<end)
    }

    /// From behind the opening quote to behind the closing one.
    private mutating func skipString() {
        while let byte = next(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { position += 1 }
        }
    }

    private mutating func next() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}
