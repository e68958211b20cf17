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

/// A name with the place of its declaration.
struct DeclaredName: CustomStringConvertible {
    let name: Substring
    let file: String
    let line: Int
    /// Where a program begins.
    let isEntry: Bool

    var description: String { "\(file):\(line)" }

    private static let keywords: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "actor", "protocol", "typealias", "case",
    ]

    static func all(in file: SourceTree.File) -> [DeclaredName] {
        var found: [DeclaredName] = []
        for (index, line) in file.code.enumerated() {
            let words = split(line)
            let isEntry = line.contains("@main") || index > 0 && file.code[index - 1].contains("@main")
            for (place, word) in words.enumerated().dropLast() where keywords.contains(word) {
                // A pattern's case (`case .one`, `case let x`) declares nothing that could be used elsewhere.
                if word == "case", place != 0 || !line.drop(while: { $0 == " " }).dropFirst(5).first!.isLowercase { continue }
                if line.hasSuffix(":"), word == "case" { continue }
                found.append(DeclaredName(name: words[place + 1], file: file.path, line: index + 1, isEntry: isEntry))
            }
        }
        return found.filter { !keywords.contains($0.name) && $0.name != "_" }
    }

    /// Every word but those of comments; what stands in a string may be an interpolation, and counts.
    static func words(_ file: SourceTree.File) -> [Substring] {
        file.lines.flatMap { line in
            guard let comment = line.firstRange(of: "//"), line[..<comment.lowerBound].allSatisfy(\.isWhitespace) else {
                return split(line)
            }
            return []
        }
    }

    private static func split(_ line: Substring) -> [Substring] {
        line.utf8.split { !isPartOfName($0) }.map { Substring($0) }
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
