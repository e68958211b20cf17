/// A function or initialiser of a file with its number of lines, found by counting braces.
///
/// A look for plain text comes before each regular expression: those are slow in debug builds, and all tests share two threads.
struct SwiftFunction: Sendable {
    let name: String
    let firstLine: Int
    let lineCount: Int
    /// The body as written, comments and strings included.
    let text: String

    static func all(lines: [Substring], code: [Substring]) -> [SwiftFunction] {
        code.indices.compactMap { index in
            guard let name = name(in: code[index]), let end = end(of: index, in: code) else { return nil }
            let text = lines[index...end].joined(separator: "\n")
            return SwiftFunction(name: name, firstLine: index + 1, lineCount: end - index + 1, text: text)
        }
    }

    private static func name(in line: Substring) -> String? {
        if line.contains("func ") { return line.firstMatch(of: #/\bfunc\s+(`[^`]+`|[^\s(<]+)/#).map { String($0.1) } }
        guard line.contains("init") else { return nil }
        return line.contains(#/^\s*(public |private |internal |fileprivate |required |convenience )*init[?(<]/#) ? "init" : nil
    }

    /// The line of the brace that closes the function; nil for a requirement without a body.
    private static func end(of start: Int, in code: [Substring]) -> Int? {
        var depth = 0
        for index in start..<code.count {
            for byte in code[index].utf8 where byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") {
                depth += byte == UInt8(ascii: "{") ? 1 : -1
                if depth == 0 { return index }
                if depth < 0 { return nil }
            }
            if index > start, depth == 0, ["func ", "var ", "let ", "case "].contains(where: { code[index].contains($0) }) { return nil }
        }
        return nil
    }
}
