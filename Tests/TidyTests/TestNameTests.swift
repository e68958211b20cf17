import Testing

/// Tests say a behaviour, run everywhere, and check something.
@Suite struct TestNameTests {
    /// Only tests have a sentence for a name.
    private func tests(in file: SourceTree.File) -> [SwiftFunction] {
        file.functions.filter { $0.name.hasPrefix("`") }
    }

    @Test func `each test is named as a sentence`() {
        var count = 0
        for file in SourceTree.shared.tests {
            for (number, line) in file.code.enumerated() where line.contains("@Test") && line.contains("func ") {
                count += 1
                #expect(line.contains("func `"), "\(file.path):\(number + 1)")
            }
        }
        #expect(count > 50)
    }

    @Test func `each test checks something`() {
        for file in SourceTree.shared.tests {
            for function in tests(in: file) {
                let checks = function.text.contains(#/[eE]xpect|[rR]equire|Issue\.record|confirm|eventually|verify|check/#)
                #expect(checks, "\(file.path):\(function.firstLine) \(function.name)")
            }
        }
    }

    /// Strava's own answers can't be in the repository. A test of nothing but these is reported as skipped where they are not.
    @Test func `no test is skipped, unless it needs Strava's own answers`() {
        let marks = [".dis" + "abled(", ".ena" + "bled(if", "XCT" + "Skip"]
        for file in SourceTree.shared.tests {
            for (number, line) in file.lines.enumerated() {
                let rest = line.replacing("@Test(.ena" + "bled(if: Recordings.areHere))", with: "")
                #expect(!marks.contains { rest.contains($0) }, "\(file.path):\(number + 1)")
            }
        }
    }
}
