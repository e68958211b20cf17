import Foundation
import TestKit
import Testing

@testable import fitnessctl

@Suite struct TerminalTests {
    private static func table() -> TextTable {
        var table = TextTable(["athlete", "uid", "streams", "last error"], numbers: [0, 2])
        table.add(["4200001", "somebody@example.org", "1,057", "postgresql does not answer: the connection was closed"])
        table.add(["7", "u", "9", ""])
        return table
    }

    @Test func `a table that fits, or isn't for a terminal, is whole`() {
        let whole = Self.table().fitting(nil)
        #expect(Self.table().fitting(200) == whole)
        #expect(whole.contains("1,057  postgresql does not answer: the connection was closed"))
    }

    @Test(arguments: [90, 70, 64, 50, 40, 30, 20, 9])
    func `on a terminal no line of a table is wider, and nothing but long words is lost`(width: Int) {
        let text = Self.table().fitting(width)
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        if width >= 20 {
            for word in ["4200001", "1,057", "postgresql", "answer:", "closed"] {
                #expect(words.contains { $0.hasPrefix(word) }, "\(word): \(text)")
            }
        }
    }

    @Test func `what doesn't fit is wrapped, then put below, then cut`() {
        let beside = Self.table().fitting(70)
        #expect(beside.contains("1,057  postgresql does not answer:\n" + String(repeating: " ", count: 40) + "the connection"))
        let below = Self.table().fitting(50)
        #expect(
            below.contains("somebody@example.org    1,057\n    last error: postgresql does not answer: the\n    connection was closed\n"))
        #expect(Self.table().fitting(30).contains("4200001  somebody@ex…    1,057\n"))
        #expect(Self.table().fitting(20).hasPrefix("athlete 4200001,\n  uid\n"))
    }

    @Test func `the watched status is a screen of its own that q ends`() async throws {
        try await ControlHarness.serve { daemon in
            let program = try builtProgram("fitnessctl").path
            let command = "stty rows 20 cols 70; exec '\(program)' status --watch --socket '\(daemon.socketPath)'"
            let ending = try await Tool.run(
                [], input: "q", executable: "/dev/null", prefix: ["/usr/bin/script", "--quiet", "--return", "--command", command])
            #expect(ending.code == 0)
            let parts = ending.out.components(separatedBy: "\u{1B}[?1049")
            #expect(parts.count == 3 && parts[1].hasPrefix("h") && parts[2].hasPrefix("l"))
            let screen = parts[1]
            #expect(screen.contains("fitnessd 1.2.3, up ") && screen.contains("UTC   q quits"))
            #expect(screen.contains("athletes     ") && screen.contains("waiting calls connect 0"))
        }
    }
}
