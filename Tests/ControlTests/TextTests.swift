import Testing

@testable import ControlAPI

@Suite struct PlainTextTests {
    @Test func `control, bidirectional and invisible characters are replaced; letters and symbols stay`() {
        for range in [0x00...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0x2066...0x2069] {
            for value in range {
                guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
                #expect(PlainText.of("a\(scalar)b") == "a\u{FFFD}b", "\(String(value, radix: 16))")
            }
        }
        for text in ["\u{FEFF}", "\u{061C}", "\u{AD}", "\u{180E}", "\u{2028}", "\u{115F}", "\u{E007F}"] {
            #expect(PlainText.of(text) == "\u{FFFD}")
        }
        for text in ["", "Zoë – 5 × 1 km", "日本語", "עברית", "🚴🏽 ❤️", "é"] { #expect(PlainText.of(text) == text) }
    }

    @Test(arguments: [
        (#"{"a":"x\u202ey"}"#, "{\"a\":\"x\u{FFFD}y\"}"), (#"{"a":"x\ny"}"#, "{\"a\":\"x\u{FFFD}y\"}"),
        (#"{"a":"\\u202E"}"#, #"{"a":"\\u202E"}"#),
        (#"{"a":"\"\/"}"#, #"{"a":"\"\/"}"#), (#"{"a":"\ud83d\ude00"}"#, #"{"a":"\uD83D\uDE00"}"#),
        (#"{"a":"\udb40\udc41"}"#, "{\"a\":\"\u{FFFD}\"}"),
        ("{\"a\":\"\u{202E}\"}\n", "{\"a\":\"\u{FFFD}\"}\n"), (#"{"a":"\u00"#, #"{"a":"\u00"#), (#"\"#, #"\"#),
    ])
    func `JSON is cleaned in its escape sequences, too`(text: String, cleaned: String) {
        #expect(PlainText.cleaningJSON(text) == cleaned)
    }

    @Test func `the nearest name is found, or none if nothing is near`() {
        let names = ["status", "athletes", "sync", "pause", "resume"]
        #expect(NearestName.of("stauts", in: names) == "status")
        #expect(NearestName.of("SYNCH", in: names) == "sync")
        #expect(NearestName.of("resumee", in: names) == "resume")
        #expect(NearestName.of("bogus", in: names) == nil && NearestName.of("x", in: []) == nil)
    }
}
