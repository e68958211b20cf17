import Testing

/// Files of about 100 lines, never over 500; functions of 5 to 12, never over 40.
/// What is longer for a reason stands in a list with its length: it may shrink, and then its entry must follow.
@Suite struct LengthTests {
    private static let fileLinesMax = 500
    private static let functionLinesMax = 40
    private static let longerFiles: [String: Int] = [:]
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
