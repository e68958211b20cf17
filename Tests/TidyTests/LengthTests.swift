import Testing

/// Files are whole thoughts: of about 100 lines, never over 500, and under 30 only for what two others use; functions of 5 to 12 lines, never
/// over 40.
/// What is longer for a reason stands in a list with its length: it may shrink, and then its entry must follow.
@Suite struct LengthTests {
    private static let fileLinesMax = 500
    private static let fileLinesMin = 30
    private static let functionLinesMax = 40
    private static let longerFiles: [String: Int] = [:]
    /// Short files with one user or none, each with its reason.
    private static let shorterFiles: [String: String] = [:]
    private static let longerFunctions: [String: Int] = [:]

    @Test func `no file is longer than 500 lines`() {
        for file in SourceTree.shared.swift {
            let count = file.lines.count - 1
            let most = Self.longerFiles[file.path] ?? Self.fileLinesMax
            #expect(count <= most, "\(file.path) has \(count) lines")
        }
        for (path, most) in Self.longerFiles {
            let count = SourceTree.shared.file(path)?.lines.count ?? 0
            #expect(count > most - 20, "\(path) has shrunk to \(count) lines: lower or remove its entry here")
        }
    }

    /// One file per command stays the rule; where a program begins, nothing else names it.
    @Test func `a file under 30 lines has two users or a reason`() {
        let sources = SourceTree.shared.sources.map { (file: $0, words: Set(DeclaredName.words($0))) }
        for (file, _) in sources where file.lines.count - 1 < Self.fileLinesMin && !file.path.hasPrefix("Sources/CommandLine/Commands/") {
            let names = DeclaredName.all(in: file)
            if names.contains(where: \.isEntry) || Self.shorterFiles[file.path] != nil { continue }
            let users = sources.count { other in other.file.path != file.path && names.contains { other.words.contains($0.name) } }
            #expect(users >= 2, "\(file.path) has \(file.lines.count - 1) lines and \(users) user: merge it with that one")
        }
        for path in Self.shorterFiles.keys { #expect(SourceTree.shared.file(path) != nil, "remove \(path) from the list here") }
    }

    @Test func `no function is longer than 40 lines`() {
        for file in SourceTree.shared.swift {
            for function in file.functions {
                let most = Self.longerFunctions["\(file.path) \(function.name)"] ?? Self.functionLinesMax
                #expect(function.lineCount <= most, "\(file.path):\(function.firstLine) \(function.name) has \(function.lineCount) lines")
            }
        }
    }

    @Test func `a function's length is counted without being misled by strings and comments`() {
        let text = """
            struct A {
                // func not() { {
                func one(_ x: String = "}{") -> String {
                    /* } */ let text = \"\"\"
                        } \\(x.map { "\\($0)" })
                        \"\"\"
                    return "\\(text["}"])"
                }
                init?(x: Int) { self.x = x }
                func requirement()
            }
            """
        let found = SourceTree.File(path: "A.swift", text: text).functions
        #expect(found.map(\.name) == ["one", "init"])
        #expect(found.map(\.lineCount) == [6, 1])
    }
}
