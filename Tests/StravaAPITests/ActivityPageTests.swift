import Core
import Foundation
import Testing

@testable import StravaAPI

struct ActivityPageTests {
    private func page(_ elements: String...) throws -> ActivityPage {
        try ActivityPage(body: bytes("[\(elements.joined(separator: ","))]"))
    }

    @Test(arguments: ["[]", " [ ] ", "[\n]\n"])
    func `an empty page has no elements`(body: String) throws {
        let page = try ActivityPage(body: bytes(body))
        #expect(page.elementCount == 0)
        #expect(page.activities.isEmpty && page.rejected.isEmpty)
    }

    @Test(arguments: [
        "", "{}", "null", "{\"message\":\"error\"}", "<html></html>", "[", "[{}", "[{\"a\":\"]", "[{}] x", "[{}]]", "[}]", "[{}{]", "[\"a",
        "[\"a\\",
    ])
    func `a body that is not one array is unreadable`(body: String) {
        let error = #expect(throws: StravaError.self) { try ActivityPage(body: bytes(body)) }
        #expect(error?.code == .unreadable)
    }

    @Test func `a page of more than a thousand elements is unreadable`() throws {
        let thousand = String(repeating: "1,", count: 999) + "1"
        #expect(try ActivityPage(body: bytes("[\(thousand)]")).rejected.count == 1000)
        #expect(throws: StravaError.self) { try ActivityPage(body: bytes("[\(thousand),1]")) }
    }

    @Test func `each element is kept byte for byte`() throws {
        let first = #"{ "id":1 , "start_date":"2026-01-02T03:04:05Z","name":"a \"],[{ \\","x":[[1,{"y":"}"}],2] }"#
        let second = #"{"start_date":"2026-01-02T03:04:06Z","id":2.0,"manual":true}"#
        let page = try ActivityPage(body: bytes("[\n  \(first) ,\t\(second)\r\n]\n"))
        #expect(page.activities.map(\.body) == [bytes(first), bytes(second)])
        #expect(page.activities.map(\.activityID) == [ActivityID(1), ActivityID(2)])
        #expect(page.activities.map(\.startAt) == [instant("2026-01-02T03:04:05Z"), instant("2026-01-02T03:04:06Z")])
        #expect(page.activities.map(\.manual) == [false, true])
        #expect(page.activities.allSatisfy { $0.fingerprint.count == 32 })
    }

    private static let deep = #"{"id":1,"x":"# + String(repeating: "[", count: 70) + String(repeating: "]", count: 70) + "}"
    private static let large = #"{"id":1,"x":""# + String(repeating: "x", count: 1 << 20) + "\"}"
    private static let unusable: [(element: String, reason: RejectedElement.Reason)] = [
        (#"{"id":1}"#, .startDateMissing), (#"{"id":1,"start_date":null}"#, .startDateMissing),
        (#"{"id":1,"start_date":5}"#, .startDateUnreadable), (#"{"id":1,"start_date":"yesterday"}"#, .startDateUnreadable),
        (#"{"id":1,"start_date":"2026-02-30T00:00:00Z"}"#, .startDateUnreadable),
        (#"{"start_date":"2026-01-02T03:04:05Z"}"#, .idMissing), (#"{"id":null,"start_date":"2026-01-02T03:04:05Z"}"#, .idMissing),
        (#"{"id":"one","start_date":"2026-01-02T03:04:05Z"}"#, .idUnreadable),
        (#"{"id":1.5,"start_date":"2026-01-02T03:04:05Z"}"#, .idUnreadable),
        (#"{"id":194641753419464175341946417534,"start_date":"2026-01-02T03:04:05Z"}"#, .integerBeyondInt64),
        ("17", .notAnObject), ("null", .notAnObject), ("[]", .notAnObject), (#""x""#, .notAnObject),
        (#"{"id":01,"start_date":"2026-01-02T03:04:05Z"}"#, .malformed), (#"{"id":1 "x":2}"#, .malformed), ("", .malformed),
        (deep, .tooDeep),
        (large, .tooLarge),
    ]

    @Test(arguments: unusable)
    func `an unusable element is rejected and its neighbours are kept`(element: String, reason: RejectedElement.Reason) throws {
        let good = #"{"id":5,"start_date":"2026-01-02T03:04:05Z"}"#
        let page = try page(good, element, good)
        #expect(page.elementCount == 3)
        #expect(page.activities.count == 2)
        let rejected = try #require(page.rejected.first)
        #expect(rejected.reason == reason)
        #expect(rejected.index == 1)
        #expect(rejected.body == Array(bytes(element).prefix(RejectedElement.bodyBytesMax)))
        let idIsKnown = element.hasPrefix(#"{"id":1,"#) && ![.tooLarge, .tooDeep].contains(reason) || reason == .startDateMissing
        #expect(rejected.activityID == (idIsKnown ? ActivityID(1) : nil))
    }

    @Test func `simple values of another type are accepted`() throws {
        let page = try page(
            #"{"id":"1","start_date":"2026-01-02T03:04:05","manual":"true","upload_id":987654321234567891234}"#,
            #"{"id":2.0,"start_date":"2026-01-02T03:04:05Z","manual":1,"name":"half \ud83d of a pair"}"#)
        #expect(page.rejected.isEmpty)
        #expect(page.activities.map(\.activityID) == [ActivityID(1), ActivityID(2)])
        #expect(page.activities.allSatisfy { $0.manual && $0.startAt == instant("2026-01-02T03:04:05Z") })
    }

    @Test func `an element of another athlete is rejected, one that names none is accepted`() throws {
        let elements = [#""athlete":{"id":7},"#, #""athlete":{"id":"8"},"#, ""].enumerated().map { index, owner in
            #"{\#(owner)"id":\#(index + 1),"start_date":"2026-01-02T03:04:05Z"}"#
        }
        let page = try ActivityPage(body: bytes("[\(elements.joined(separator: ","))]"), athlete: AthleteID(7))
        #expect(page.activities.map(\.activityID) == [ActivityID(1), ActivityID(3)])
        #expect(page.rejected.map(\.reason) == [.otherAthlete] && page.rejected.first?.activityID == ActivityID(2))
        #expect(page.foreignCount == 1 && page.ownCount == 1)
    }

    @Test func `unknown fields, other types and missing keys do no harm`() throws {
        let page = try page(
            #"{"id":1,"start_date":"2026-01-02T03:04:05Z","sport_type":"UnderwaterChess","new":{"deep":[null]},"distance":"far","map":null}"#,
            #"{"id":16195505756.0,"start_date":"2026-01-02T03:04:05.250+01:00","name":7,"map":{},"manual":"no","athlete":null}"#)
        #expect(page.rejected.isEmpty)
        #expect(page.activities.map(\.activityID) == [ActivityID(1), ActivityID(16_195_505_756)])
        #expect(page.activities[1].startAt == instant("2026-01-02T02:04:05Z").addingTimeInterval(0.25))
        #expect(page.activities.allSatisfy { !$0.manual })
    }
}
