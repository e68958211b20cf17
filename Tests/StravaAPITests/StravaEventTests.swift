import Core
import Foundation
import Testing

@testable import StravaAPI

@Suite struct StravaEventTests {
    private let now = Date(timeIntervalSince1970: 1_790_000_000)

    private func read(_ body: String) -> StravaEvent? { read(Array(body.utf8)) }

    private func read(_ body: [UInt8]) -> StravaEvent? {
        if case .event(let event) = StravaEvent.read(body, receivedAt: now) { event } else { nil }
    }

    private func event(_ updates: String) -> String {
        #"{"object_type":"activity","object_id":7,"aspect_type":"update","owner_id":101,"event_time":1789999000,"updates":"# + updates + "}"
    }

    @Test(arguments: [
        (#"{"authorized":true}"#, #"{"authorized":true}"#), (#"{"authorized":"false","n":null}"#, #"{"authorized":"false","n":null}"#),
        (#"{"a":[1,{"b":2.5}]}"#, #"{"a":[1,{"b":2.5}]}"#), ("[]", "{}"), ("null", "{}"), ("\"x\"", "{}"),
        (#"{"n":1e999}"#, #"{"n":"1e999"}"#), (#"{"title":"a\u0000b\ud83d!\"\\\n"}"#, "{\"title\":\"a\u{FFFD}b\u{FFFD}!\\\"\\\\\\u000a\"}"),
    ])
    func `updates may contain anything`(sent: String, kept: String) throws {
        let event = try #require(read(event(sent)))
        #expect(event.updates == kept)
        #expect(event.objectID == 7 && event.owner == AthleteID(101) && event.aspectType == "update")
    }

    @Test func `numbers may be strings, and unknown kinds are kept`() throws {
        let body =
            #"{"object_type":"route","object_id":"7","aspect_type":"create_draft","owner_id":"101","event_time":"1789999000","subscription_id":"9"}"#
        let event = try #require(read(body))
        #expect(event.objectType == "route" && event.aspectType == "create_draft" && event.objectID == 7)
        #expect(event.eventAt == Date(timeIntervalSince1970: 1_789_999_000))
    }

    @Test(arguments: ["null", "-1", "99999999999999", "\"soon\"", "true"])
    func `an impossible time is replaced by the time of receipt`(time: String) throws {
        let event = try #require(read(#"{"object_type":5,"object_id":7.0,"owner_id":101,"event_time":"# + time + "}"))
        #expect(event.eventAt == now && event.objectType == "5" && event.aspectType == "unknown")
    }

    @Test func `invalid UTF-8 and raw control characters do not invalidate an event`() throws {
        var body = Array(#"{"object_id":7,"owner_id":101,"updates":{"title":"a"#.utf8)
        body += [0xFF, 0x00, 0x0A]
        body += Array(#"b"}}"#.utf8)
        #expect(read(body)?.updates == "{\"title\":\"a\u{FFFD}  b\"}")
    }

    @Test(arguments: [
        "{}", #"{"object_id":7}"#, #"{"object_id":7,"owner_id":1e30}"#, #"{"object_type":"activity","object_id":7,"owner_id":"x"}"#,
    ])
    func `a JSON object without an athlete is no hint`(body: String) {
        #expect(StravaEvent.read(Array(body.utf8), receivedAt: now) == .noHint)
    }

    @Test(arguments: ["", "[]", "7", "null", "{", "object_id=7", #"{"object_id":7,}"#])
    func `what is not a JSON object is malformed`(body: String) {
        #expect(StravaEvent.read(Array(body.utf8), receivedAt: now) == .malformed)
    }

    @Test func `an object nested deeper than anybody reads is no hint, but well formed`() {
        let deep =
            #"{"owner_id":101,"object_id":7,"updates":"# + String(repeating: #"{"a":"#, count: 200) + "1"
            + String(repeating: "}", count: 201)
        #expect(StravaEvent.read(Array(deep.utf8), receivedAt: now) == .noHint)
    }

    @Test func `an event without a readable object is a hint to look at its athlete`() throws {
        for object in ["null", "true", "\"x\"", "[]"] {
            let event = try #require(read(#"{"object_type":"activity","aspect_type":"create","owner_id":101,"object_id":\#(object)}"#))
            #expect(event.owner == AthleteID(101) && event.objectType == "unknown" && event.objectID == 0)
        }
        let revoked = try #require(read(#"{"object_type":"athlete","object_id":"101","updates":{"authorized":"false"}}"#))
        #expect(revoked.owner == AthleteID(101) && revoked.objectType == "athlete")
    }
}
