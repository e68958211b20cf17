import ControlAPI
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

    private static func times() -> TextTable {
        var table = TextTable(
            ["athlete", "uid", "streams", "last turn", "next turn", "last error"], numbers: [0, 2], times: [3, 4], optional: [5],
            secondary: [2])
        table.add(["7", "somebody@example.org", "0", "14:31 (12 min ago)", "2026-01-31 15:31 (in 3 d)", ""])
        table.add(["8", "u", "0", "-", "now", ""])
        return table
    }

    @Test func `the head says once that times are in UTC, and a narrow terminal has them without how long ago`() {
        let whole = Self.times().fitting(nil)
        #expect(whole.hasPrefix("athlete  uid                   streams  last turn (UTC)     next turn                  last error\n"))
        let wide = Self.times().fitting(120)
        #expect(!wide.contains("last error") && wide.contains("14:31 (12 min ago)"), "a column without any value says nothing")
        #expect(wide.contains("streams"), "a number that is zero says something")
        let narrow = Self.times().fitting(80)
        #expect(narrow.contains("14:31            2026-01-31 15:31\n") && narrow.contains("streams") && !narrow.contains("ago"))
        let narrower = Self.times().fitting(68)
        #expect(!narrower.contains("streams") && narrower.contains("somebody@example.org  14:31"), "\(narrower)")
        for width in [120, 80, 68, 60, 50, 30] {
            for line in Self.times().fitting(width).split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        }
    }

    @Test func `a time has its distance from now beside it, and its date when it is not of today`() {
        let now = Date(timeIntervalSince1970: 1_769_871_600)
        func cell(_ seconds: Double) -> String { Phrase.cell(now.addingTimeInterval(seconds), now: now) }
        #expect(cell(-720) == "14:48 (12 min ago)" && cell(8_000) == "17:13 (in 2 h)" && cell(0) == "15:00 (now)")
        #expect(cell(-3 * 86_400 - 7_200) == "2026-01-28 13:00 (3 d ago)" && Phrase.cell(nil, now: now) == "-")
        #expect(cell(9 * 3_600 - 1) == "23:59 (in 8 h)" && cell(9 * 3_600) == "2026-02-01 00:00 (in 9 h)")
        #expect(cell(-15 * 3_600) == "00:00 (15 h ago)" && cell(-15 * 3_600 - 60) == "2026-01-30 23:59 (15 h ago)")
        #expect(Phrase.time(now.addingTimeInterval(8_000), now: now) == "17:13 UTC (in 2 h 13 min)")
        let spans = [(59.0, "59 s"), (60, "1 min"), (3_600, "1 h"), (3_661, "1 h 1 min"), (86_400, "1 d"), (90_000, "1 d 1 h")]
        for (seconds, text) in spans { #expect(Phrase.span(seconds) == text) }
    }

    @Test(arguments: [120, 80, 60])
    func `the watched status is a screen of its own that q ends, with lines that fit`(columns: Int) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.endTurn(7, error: "Strava did not answer: the connection was closed before the answer's head had arrived")
            let pause = PauseRequest(forS: 3_600, reason: "until the new server has been put in its place by the others")
            let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAll), body: pause)
            let program = try builtProgram("fitnessctl").path
            let command = "stty rows 60 cols \(columns); exec '\(program)' status --watch --socket '\(daemon.socketPath)'"
            let ending = try await Tool.run(
                [], input: "q", executable: "/dev/null", prefix: ["/usr/bin/script", "--quiet", "--return", "--command", command])
            #expect(ending.code == 0)
            let parts = ending.out.components(separatedBy: "\u{1B}[?1049")
            #expect(parts.count == 3 && parts[1].hasPrefix("h") && parts[2].hasPrefix("l"))
            let screen = parts[1].dropFirst().replacing(/\u{1B}\[[?0-9;]*[A-Za-z]/, with: "")
            #expect(screen.contains("fitnessd 1.2.3, up ") && screen.contains("UTC   q quits"))
            #expect(screen.contains("athletes     ") && screen.contains("waiting calls connect 0"))
            let lines = screen.split(whereSeparator: \.isNewline)
            for line in lines { #expect(line.count <= columns, "\(line)") }
            for word in ["others", "arrived"] { #expect(screen.contains(word), "\(word) is not cut off") }
            let bars = lines.filter { $0.contains("░") }
            #expect(bars.count == 2 && bars.allSatisfy { $0.contains(columns == 120 ? " left, resets " : " left until ") }, "\(bars)")
            #expect(bars.allSatisfy { $0.count(where: { "█▒░".contains($0) }) >= 10 })
        }
    }
}
