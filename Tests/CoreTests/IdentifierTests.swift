import Foundation
import Testing

@testable import Core

@Suite struct IdentifierTests {
    @Test func `ids are plain numbers in JSON, to the last digit`() throws {
        let athlete = AthleteID(9_007_199_254_740_993)
        let activity = ActivityID(Int64.max)
        #expect(String(decoding: try JSONEncoder().encode([athlete]), as: UTF8.self) == "[9007199254740993]")
        #expect(try JSONDecoder().decode([AthleteID].self, from: Data("[9007199254740993]".utf8)) == [athlete])
        #expect(try JSONDecoder().decode([ActivityID].self, from: Data("[9223372036854775807]".utf8)) == [activity])
    }

    @Test func `ids print and sort as numbers`() {
        #expect("\(AthleteID(12)) \(ActivityID(7))" == "12 7")
        #expect(AthleteID(9) < AthleteID(10))
        #expect([ActivityID(10), ActivityID(9)].sorted() == [ActivityID(9), ActivityID(10)])
    }

    @Test func `an activity's number in an address is digits alone`() {
        for (text, number) in [
            ("1", 1), ("0042", 42), ("9007199254740993", 9_007_199_254_740_993), ("999999999999999999", 999_999_999_999_999_999),
        ] as [(String, Int64)] {
            #expect(ActivityID(digits: text)?.rawValue == number)
        }
        for text in ["", "0", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "١", "1\0", "1000000000000000000"] {
            #expect(ActivityID(digits: text) == nil, "\(text)")
        }
    }

    @Test func `uids are short and plain`() {
        for text in ["a", "user-1", "A.b_c:d@e+f", String(repeating: "u", count: 128)] { #expect(UID(text)?.text == text) }
        for text in [
            "", " ", "a b", "<a>", "a'b", "a\"b", "ä", "a/b", "a&b", "a%b", "a\0b", "a\u{202E}b", String(repeating: "u", count: 129),
        ] {
            #expect(UID(text) == nil)
        }
    }
}
