import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import StravaAPI

@Suite struct UnknownFieldTests {
    private func unknown(_ text: String, _ call: StravaCall) -> [String: Int] { UnknownFields.unknown(in: Array(text.utf8), of: call) }

    @Test func `fields, streams and sport types that this version does not know are counted`() {
        #expect(unknown(#"[{"id":1,"aura":2},{"id":2,"aura":{"name":3}},7]"#, .activities(page: 1)) == ["aura": 2])
        #expect(unknown(#"{"id":1,"sport_type":"Run","wind":{"id":2}}"#, .activity(ActivityID(1))) == ["wind": 1])
        #expect(unknown(#"{"sport_type":"Quidditch"}"#, .activity(ActivityID(1))) == ["sport_type=Quidditch": 1])
        #expect(unknown(#"{"sport_type":null}"#, .activity(ActivityID(1))) == [:])
        #expect(unknown(#"{"time":{"data":[1]},"core_temp":{"data":[37]}}"#, .streams(ActivityID(1))) == ["core_temp": 1])
        #expect(unknown(#"{"id":"b1","colour":"red"}"#, .gear("b1")) == ["colour": 1])
    }

    @Test(arguments: ["", "{", "[", "[1,2", "null", "{\"id\":", "\u{FEFF}{}", "{\"id\":1}}", "[[[]]]", "{\"\\u0000\":1}"])
    func `a body that is no such answer is no trouble`(text: String) {
        #expect(unknown(text, .activity(ActivityID(1))).count <= 1)
    }

    @Test func `a hostile answer does not make many names`() {
        let fields = (0..<10_000).map { "\"f\($0)\":1" }.joined(separator: ",")
        #expect(unknown("{\(fields)}", .athlete).count <= 200)
    }

    @Test func `each is named in the log once, and only if its name is harmless`() {
        let log = LogCapture()
        let fields = UnknownFields(StravaMeters(), log.logger)
        let body = Array(#"{"id":1,"aura":2,"a b":3,"<script>":4,"ключ":5}"#.utf8)
        for _ in 0..<3 {
            fields.look(at: StravaAnswer(call: .activity(ActivityID(1)), body: body, fetchedAt: Date(timeIntervalSince1970: 0)))
        }
        #expect(log.text.components(separatedBy: "aura").count == 2)
        #expect(log.text.split(separator: "\n").count == 1, "\(log.text)")
    }

    @Test(arguments: Recordings.invented.filter { $0.status == nil || $0.status == 200 })
    func `answers in Strava's shape have no unknown fields`(recording: Recording) {
        let calls: [String: StravaCall] = [
            "activity-list": .activities(page: 1), "activity-detail": .activity(ActivityID(1)), "streams-by-type": .streams(ActivityID(1)),
            "athlete": .athlete, "athlete-zones": .athleteZones, "athlete-stats": .athleteStats(AthleteID(1)), "gear": .gear("b1"),
            "zones": .activityZones(ActivityID(1)),
        ]
        guard let call = calls[recording.kind] else { return }
        #expect(UnknownFields.unknown(in: recording.body, of: call) == [:], "\(recording.path)")
    }

    @Test func `what is known is what docs say`() throws {
        let text = try String(contentsOf: checkout.appending(path: "docs/strava-fields.md"), encoding: .utf8)
        let sections = text.components(separatedBy: "\n## ").dropFirst().map { section in
            let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { $0.split(separator: "|")[0] }
            let names = rows.flatMap { $0.matches(of: #/`([a-z_0-9]+)[^`]*`/#).map { String($0.1) } }
            return (title: String(section.prefix { $0 != "\n" }), names: Set(names))
        }
        let documented = Dictionary(sections.map { ($0.title, $0.names) }) { $0.union($1) }
        #expect(documented["Activities"] == KnownFields.of(.activities(page: 1)))
        #expect(documented["Profile"] == KnownFields.of(.athlete))
        #expect(documented["Gear"] == KnownFields.of(.gear("b1")))
        #expect(documented["Totals of an athlete"] == KnownFields.of(.athleteStats(AthleteID(1))))
        #expect(documented["Zones of an athlete"] == KnownFields.of(.athleteZones))
        #expect(documented["Zones of an activity"] == KnownFields.of(.activityZones(ActivityID(1))))
    }
}
