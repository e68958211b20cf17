/// Splits a stream of bytes into JSON objects that stand one a line, one after the other, or in one array. Holds at most one object of the allowed
/// length.
struct DocumentSplitter: Sendable {
    enum Document: Sendable, Equatable {
        case whole([UInt8])
        /// An object beyond the limit; its bytes are discarded.
        case tooLong
        /// Something that is no object, up to the end of its line or the next object.
        case stray
        /// The bytes end within an object or an array.
        case cutOff
    }

    private enum Place { case between, stray, inside }

    private let bytesMax: Int
    private var place = Place.between
    private var isArrayOpen = false
    private var object: [UInt8] = []
    private var byteCount = 0
    private var depth = 0
    private var isText = false
    private var isEscaped = false

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Takes the next byte; returns what it completes.
    mutating func take(_ byte: UInt8) -> Document? {
        if place == .inside { return takeInside(byte) }
        switch byte {
        case UInt8(ascii: "{"):
            (place, object, byteCount, depth, isText, isEscaped) = (.inside, [], 0, 0, false, false)
            return takeInside(byte)
        case UInt8(ascii: "\n"): place = .between
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
        case _ where place == .stray: break
        case UInt8(ascii: ","): break
        case UInt8(ascii: "[") where !isArrayOpen: isArrayOpen = true
        case UInt8(ascii: "]") where isArrayOpen: isArrayOpen = false
        default:
            place = .stray
            return .stray
        }
        return nil
    }

    /// To be called after the last byte.
    mutating func finish() -> Document? { place == .inside || isArrayOpen ? .cutOff : nil }

    private mutating func takeInside(_ byte: UInt8) -> Document? {
        byteCount += 1
        if byteCount <= bytesMax { object.append(byte) } else { object = [] }
        if isText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isText = false
            }
            return nil
        }
        switch byte {
        case UInt8(ascii: "\""): isText = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
        guard depth == 0 else { return nil }
        place = .between
        return byteCount <= bytesMax ? .whole(object) : .tooLong
    }
}
