import Foundation
import TestKit
import Testing

@testable import StravaAPI

struct JSONValueTests {
    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "01", "1.", ".5", "+1", "1e", "-", "nul", "tru", "nan",
        "\"\u{0A}\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"abc", "\"abc\\", "[1] 2", "1 1", "'a'", "{\"a\":}", "[1 2]", "1\u{FEFF}",
    ])
    func `a text that is not JSON is malformed`(text: String) {
        #expect(throws: JSONValue.Failure.malformed) { try JSONValue(parsing: bytes(text)) }
    }

    @Test func `bytes that are not UTF-8 are malformed`() {
        for tail: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80]] {
            #expect(throws: JSONValue.Failure.malformed) { try JSONValue(parsing: bytes("\"") + tail + bytes("\"")) }
            #expect(throws: JSONValue.Failure.malformed) { try JSONValue(parsing: bytes("\"\\n") + tail + bytes("\"")) }
        }
    }

    @Test func `nesting is read to its limit and no further`() throws {
        let deepest = String(repeating: "[", count: 63) + "1" + String(repeating: "]", count: 63)
        #expect(try JSONValue(parsing: bytes(deepest)).list?.count == 1)
        #expect(throws: JSONValue.Failure.tooDeep) { try JSONValue(parsing: bytes("[\(deepest)]")) }
        #expect(throws: JSONValue.Failure.tooDeep) { try JSONValue(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)) }
    }

    @Test func `a byte order mark at the beginning is ignored`() throws {
        #expect(try JSONValue(parsing: bytes("\u{FEFF}[1]")) == .list([.number("1")]))
        #expect(try ArrayCutter.cut(bytes("\u{FEFF}[1]")) == [4..<5])
        #expect(BodyShape.begins(bytes("\u{FEFF}[1]"), withOneOf: [UInt8(ascii: "[")]))
    }

    @Test func `escapes, pairs and half pairs are read`() throws {
        let text = #""\"\\\/\b\f\n\r\t é \u00e9 \ud83c\udfc3 \ud83c x \udfc3 \ud83c\u0041""#
        let expected = "\"\\/\u{8}\u{C}\n\r\t é é 🏃 \u{FFFD} x \u{FFFD} \u{FFFD}A"
        #expect(try JSONValue(parsing: bytes(text)) == .text(expected))
    }

    @Test func `a number is an integer when it is whole and fits`() throws {
        let cases: [(String, Int64?, Bool)] = [
            ("16195505756", 16_195_505_756, false), ("9223372036854775807", .max, false), ("-9223372036854775808", .min, false),
            ("9223372036854775808", nil, true), ("194641753419464175341946417534", nil, true), ("12.0", 12, false), ("1.2e1", 12, false),
            ("12.5", nil, false), ("0", 0, false), ("-0.0", 0, false), ("1e400", nil, true),
        ]
        for (digits, integer, isBeyond) in cases {
            let value = try JSONValue(parsing: bytes(digits))
            #expect(value.integer == integer, "\(digits)")
            #expect(value.isIntegerBeyondInt64 == isBeyond, "\(digits)")
        }
    }

    @Test func `random values are read as they were written`() throws {
        let seed = modelSeed
        print("seed of the random JSON: \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let value = randomValue(depth: 0, &random)
            #expect(try JSONValue(parsing: bytes(written(value, &random))) == value, "seed \(seed)")
        }
    }

    @Test func `no damaged text is read past its end, or accepted where Foundation refuses it`() throws {
        let seed = modelSeed
        print("seed of the damaged JSON: \(seed)")
        var random = SeededRandom(seed: seed)
        var readable = 0
        for _ in 0..<2_000 {
            var text = bytes(written(randomValue(depth: 0, &random), &random))
            for _ in 0..<3 where !text.isEmpty {
                let place = Int.random(in: text.indices, using: &random)
                if Bool.random(using: &random) {
                    text[place] = UInt8.random(in: 0...255, using: &random)
                } else {
                    text.removeSubrange(place...)
                }
            }
            // Foundation decides what is JSON, with one exception: it refuses numbers that no double can hold (1e999), which are JSON.
            if (try? JSONValue(parsing: text)) != nil {
                readable += 1
                let hasLongExponent = String(decoding: text, as: UTF8.self).contains(/[0-9][eE][+-]?[0-9]{3,}/)
                if hasLongExponent { continue }
                #expect((try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil, "seed \(seed)")
            }
            if let ranges = try? ArrayCutter.cut(text) { #expect(ranges.allSatisfy { $0.upperBound <= text.count }, "seed \(seed)") }
        }
        #expect(readable > 0, "seed \(seed)")
    }

    private func randomValue(depth: Int, _ random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(String(Int64.random(in: .min ... .max, using: &random)))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &random).description)
        case 4: return .text(randomText(&random))
        case 5: return .list((0..<Int.random(in: 0...5, using: &random)).map { _ in randomValue(depth: depth + 1, &random) })
        default:
            let members = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                (randomText(&random), randomValue(depth: depth + 1, &random))
            }
            return .object(Dictionary(members) { first, _ in first })
        }
    }

    private func randomText(_ random: inout SeededRandom) -> String {
        let letters: [String] = ["a", "Z", "\"", "\\", "/", "\n", "é", "🏃‍♀️", "{", "]", ",", " ", "\u{1}", "0"]
        return (0..<Int.random(in: 0...8, using: &random)).map { _ in letters.randomElement(using: &random)! }.joined()
    }

    private func written(_ value: JSONValue, _ random: inout SeededRandom) -> String {
        let blank = ["", " ", "\n", "\t "].randomElement(using: &random)!
        switch value {
        case .null: return "null" + blank
        case .bool(let flag): return "\(flag)" + blank
        case .number(let digits): return digits + blank
        case .text(let text): return quoted(text, &random) + blank
        case .list(let values): return "[" + blank + values.map { written($0, &random) }.joined(separator: "," + blank) + "]"
        case .object(let members):
            return "{" + blank + members.map { "\(quoted($0.key, &random)):\(blank)\(written($0.value, &random))" }.joined(separator: ",")
                + "}"
        }
    }

    private func quoted(_ text: String, _ random: inout SeededRandom) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar == "\"" || scalar == "\\" || scalar.value < 0x20
            if mustEscape || Int.random(in: 0..<4, using: &random) == 0 {
                for unit in Character(scalar).utf16 { result += "\\u" + String(format: "%04x", Int(unit)) }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return "\"\(result)\""
    }
}
