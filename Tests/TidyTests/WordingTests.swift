import Testing

/// What may not stand in the code at all.
@Suite struct WordingTests {
    @Test func `no note of unfinished work is left`() {
        // Put together here, so that this file does not find itself.
        let notes = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "X" + "XX"]
        for file in SourceTree.shared.files {
            for (number, line) in file.lines.enumerated() {
                guard notes.contains(where: { line.contains($0) }) else { continue }
                let words = line.split { !$0.isLetter }
                #expect(!words.contains { notes.contains(String($0)) }, "\(file.path):\(number + 1)")
            }
        }
    }

    @Test func `no path of one machine is written down`() {
        let places = ["/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "/opt/sw" + "ift", "/tmp/" + "h/", "/tmp/sp" + "ec"]
        for file in SourceTree.shared.files {
            for (number, line) in file.lines.enumerated() {
                let found = places.filter { line.contains($0) }
                #expect(found.isEmpty, "\(file.path):\(number + 1) names \(found)")
            }
        }
    }

    @Test func `only programs print`() {
        let programs = [
            "Sources/CommandLine/", "Sources/Daemon/", "Sources/Simulator/Program/", "Sources/QuotaModel/Program/", "Sources/Benchmarks/",
        ]
        for file in SourceTree.shared.sources where !programs.contains(where: { file.path.hasPrefix($0) }) {
            for (number, line) in file.code.enumerated()
            where ["print(", "Print(", "dump(", "NSLog("].contains(where: { line.contains($0) }) {
                #expect(!line.contains(#/(^|[^.\w])(print|debugPrint|dump|NSLog)\(/#), "\(file.path):\(number + 1) prints: use the logger")
            }
        }
    }

    @Test func `no error of a state write is thrown away`() {
        let writes = [".query(", ".execute(", ".pipeline(", ".transaction", ".commit(", ".store(", ".settle("]
        for file in SourceTree.shared.sources {
            for (number, line) in file.code.enumerated() where line.contains("try?") {
                #expect(!writes.contains { line.contains($0) }, "\(file.path):\(number + 1) loses an error")
            }
        }
    }

    @Test func `what the compiler can't check is defended in a sentence`() {
        let marks = ["@unchecked Sendable", "nonisolated(unsafe)", "Task.detached", "unsafeBitCast", "try!", "@preconcurrency import"]
        for file in SourceTree.shared.sources {
            let lines = file.lines
            for (number, line) in file.code.enumerated() {
                guard let mark = marks.first(where: { line.contains($0) }) else { continue }
                let near = lines[max(0, number - 3)...number].joined(separator: "\n")
                #expect(near.contains("//"), "\(file.path):\(number + 1) uses \(mark) without a sentence above it")
            }
        }
    }

    @Test func `each public type says what it is`() {
        for file in SourceTree.shared.sources {
            let lines = file.lines
            for (number, line) in lines.enumerated() {
                guard line.contains("public "), line.contains(#/^\s*public (final |indirect )?(struct|class|enum|actor|protocol) /#) else {
                    continue
                }
                let before = lines[..<number].last { !$0.trimmingPrefix(#/\s*/#).hasPrefix("@") } ?? ""
                let isNested = line.hasPrefix(" ")
                #expect(isNested || before.trimmingPrefix(#/\s*/#).hasPrefix("///"), "\(file.path):\(number + 1) has no sentence")
            }
        }
    }
}
