import ControlAPI
import TestKit
import Testing

@Suite struct LineSplitterTests {
    @Test func `lines come out whole however the bytes arrive`() {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let lines = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                [UInt8](repeating: UInt8(ascii: "x"), count: Int.random(in: 0...12, using: &random))
            }
            let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
            let expected = lines.map { $0.count > 10 ? LineSplitter.Line.tooLong : .whole($0) }
            #expect(split(bytes, using: &random) == expected, "seed \(seed)")
        }
    }

    @Test func `a last line without a line feed counts, an empty rest does not`() {
        #expect(split("a\r\nb") == [.whole([0x61]), .whole([0x62])])
        #expect(split("a\n") == [.whole([0x61])])
        #expect(split("") == [])
    }

    @Test func `a line beyond the limit is named once and the next is whole again`() {
        var lines = LineSplitter(lineBytesMax: 4)
        lines.append(Array("12345".utf8))
        #expect(lines.next() == nil)
        lines.append(Array("678901234567890".utf8))
        #expect(lines.next() == nil)
        lines.append(Array("\nok\n".utf8))
        #expect(lines.next() == .tooLong)
        #expect(lines.next() == .whole(Array("ok".utf8)))
        #expect(lines.finish() == nil)
    }

    @Test func `a rest beyond the limit is named`() {
        var lines = LineSplitter(lineBytesMax: 4)
        lines.append(Array("12345".utf8))
        #expect(lines.next() == nil)
        #expect(lines.finish() == .tooLong)
    }

    private func split(_ text: String) -> [LineSplitter.Line] {
        var lines = LineSplitter(lineBytesMax: 10)
        lines.append(Array(text.utf8))
        return drain(&lines) + [lines.finish()].compactMap { $0 }
    }

    private func split(_ bytes: [UInt8], using random: inout SeededRandom) -> [LineSplitter.Line] {
        var lines = LineSplitter(lineBytesMax: 10)
        var found: [LineSplitter.Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...7, using: &random))
            lines.append(rest.prefix(count))
            rest = rest.dropFirst(count)
            found += drain(&lines)
        }
        return found + [lines.finish()].compactMap { $0 }
    }

    private func drain(_ lines: inout LineSplitter) -> [LineSplitter.Line] {
        var found: [LineSplitter.Line] = []
        while let line = lines.next() { found.append(line) }
        return found
    }
}
