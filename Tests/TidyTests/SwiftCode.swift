/// Just enough of Swift's grammar to tell code from comments and strings.
enum SwiftCode {
    private enum Mode: Equatable {
        case code
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    /// The same text with comments and the insides of string literals left out; lines keep their numbers.
    static func strip(_ text: String) -> String {
        let bytes = ArraySlice(text.utf8)
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var mode = Mode.code
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            // Most bytes mean nothing special: taken, or passed over, without a closer look.
            if !isSpecial(byte, in: mode) {
                if mode == .code || byte == newline { kept.append(byte) }
                place += 1
                continue
            }
            let (next, step) = follow(mode, bytes[place...])
            let passed = bytes[place..<(place + step)]
            if mode == .code, next == .code { kept += passed } else { kept += passed.filter { $0 == newline } }
            mode = next
            place += step
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isSpecial(_ byte: UInt8, in mode: Mode) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "#"), UInt8(ascii: "*"), UInt8(ascii: "\\"): true
        default: byte == newline && mode == .lineComment
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// What comes next, and how many bytes belong to the step.
    private static func follow(_ mode: Mode, _ rest: ArraySlice<UInt8>) -> (Mode, Int) {
        switch mode {
        case .code: start(rest)
        case .lineComment: rest.first == newline ? (.code, 1) : (.lineComment, 1)
        case .blockComment(let depth): comment(depth, rest)
        case .string(let hashes, let isMultiline): string(hashes, isMultiline, rest)
        }
    }

    private static func start(_ rest: ArraySlice<UInt8>) -> (Mode, Int) {
        if begins(rest, "//") { return (.lineComment, 2) }
        if begins(rest, "/*") { return (.blockComment(depth: 1), 2) }
        let hashes = rest.prefix { $0 == UInt8(ascii: "#") }.count
        let quote = rest.dropFirst(hashes)
        if begins(quote, "\"\"\"") { return (.string(hashes: hashes, isMultiline: true), hashes + 3) }
        if begins(quote, "\"") { return (.string(hashes: hashes, isMultiline: false), hashes + 1) }
        return (.code, max(1, hashes))
    }

    private static func comment(_ depth: Int, _ rest: ArraySlice<UInt8>) -> (Mode, Int) {
        if begins(rest, "/*") { return (.blockComment(depth: depth + 1), 2) }
        if begins(rest, "*/") { return (depth == 1 ? .code : .blockComment(depth: depth - 1), 2) }
        return (.blockComment(depth: depth), 1)
    }

    /// An interpolation is taken for a part of its string; a quote inside one (`"\(a["b"])"`) is seen by counting brackets.
    private static func string(_ hashes: Int, _ isMultiline: Bool, _ rest: ArraySlice<UInt8>) -> (Mode, Int) {
        let marks = String(repeating: "#", count: hashes)
        let same = Mode.string(hashes: hashes, isMultiline: isMultiline)
        if begins(rest, "\\" + marks + "(") { return (same, interpolationLength(rest, from: hashes + 2)) }
        if hashes == 0, begins(rest, "\\") { return (same, min(2, rest.count)) }
        let end = (isMultiline ? "\"\"\"" : "\"") + marks
        return begins(rest, end) ? (.code, end.utf8.count) : (same, 1)
    }

    private static func interpolationLength(_ rest: ArraySlice<UInt8>, from start: Int) -> Int {
        var depth = 1
        var length = start
        for byte in rest.dropFirst(start) {
            length += 1
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { break }
        }
        return length
    }

    private static func begins(_ rest: ArraySlice<UInt8>, _ text: String) -> Bool { rest.starts(with: text.utf8) }
}
