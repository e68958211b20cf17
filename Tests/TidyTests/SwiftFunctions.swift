/// Functions and initialisers of a file with their number of lines, by counting braces.
struct SwiftFunction {
    let name: String
    let firstLine: Int
    let lineCount: Int
    /// The body as written, comments and strings included.
    let text: String

    static func all(in file: SourceTree.File) -> [SwiftFunction] {
        let code = file.code
        let lines = file.lines
        return code.indices.compactMap { index in
            guard let name = name(in: String(code[index])), let end = end(of: index, in: code) else { return nil }
            let text = lines[index...end].joined(separator: "\n")
            return SwiftFunction(name: name, firstLine: index + 1, lineCount: end - index + 1, text: text)
        }
    }

    private static func name(in line: String) -> String? {
        if let match = line.firstMatch(of: #/\bfunc\s+(`[^`]+`|[^\s(<]+)/#) { return String(match.1) }
        return line.contains(#/^\s*(public |private |internal |fileprivate |required |convenience )*init[?(<]/#) ? "init" : nil
    }

    /// The line of the brace that closes the function; nil for a requirement without a body.
    private static func end(of start: Int, in code: [Substring]) -> Int? {
        var depth = 0
        for index in start..<code.count {
            for character in code[index] {
                if character == "{" { depth += 1 }
                if character == "}" { depth -= 1 }
                if character == "}", depth == 0 { return index }
                if depth < 0 { return nil }
            }
            let isNext = index > start && depth == 0 && code[index].contains(#/\b(func|var|let|case)\b/#)
            if isNext { return nil }
        }
        return nil
    }
}
