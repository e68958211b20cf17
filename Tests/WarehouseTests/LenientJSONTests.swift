import Core
import Foundation
import TestKit
import Testing

@testable import Streams
@testable import Warehouse

@Suite struct LenientJSONTests {
    @Test func `half a surrogate pair becomes U+FFFD; whole pairs and escaped backslashes stay`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let names = [
                (#"Lunch ride \ud83d"#, "Lunch ride \u{FFFD}"), (#"\ude80 tail"#, "\u{FFFD} tail"), (#"\uD83D\uDE80"#, "🚀"),
                (#"\ud83d\ud83d\ude80\ude80"#, "\u{FFFD}🚀\u{FFFD}"), (#"\\ud83d\ude80"#, #"\ud83d"# + "\u{FFFD}"),
                (#"a\u0000b\ud83d\\"#, "ab\u{FFFD}\\"), (#"🚀\ud83d"#, "🚀\u{FFFD}"),
            ]
            for (index, name) in names.enumerated() {
                let id = Int64(index + 1)
                try await bench.land(
                    [
                        answer(.activitySummary, id, #"{"name":"\#(name.0)"}"#),
                        answer(.activity, id, #"{"name":"\#(name.0)","description":"\#(name.0)"}"#),
                    ],
                    listed: [listed(id)])
            }
            try await bench.land([
                answer(.athlete, Bench.athlete.rawValue, #"{"firstname":"A\ud83d","bikes":[{"id":"b1","name":"B\ude80"}]}"#)
            ])
            try await bench.land([answer(.gear, 2, #"{"id":"b2","name":"C\ud83d"}"#)])
            try await bench.transform()
            let rows = try await database.query("SELECT name, description FROM silver.activity ORDER BY activity_id")
            for (row, name) in zip(rows, names) { #expect(try row.decode(String.self, String.self) == (name.1, name.1)) }
            #expect(rows.count == names.count)
            #expect(try await bench.value("SELECT first_name FROM silver.athlete") == "A\u{FFFD}")
            #expect(try await bench.lines("SELECT name FROM silver.gear_item ORDER BY gear_id") == ["(B\u{FFFD})", "(C\u{FFFD})"])
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }

    @Test(arguments: [
        ("123.0", "(123,123,123)"), (" 12 ", "(12,12,12)"), ("2.1e2", "(210,210,210)"), ("+7", "(7,7,7)"),
        ("9007199254740993", "(9007199254740993,,9.007199254740992e+15)"),
        ("12.", "(12,12,12)"), ("0x10", "(,,)"), ("12 km", "(,,)"), ("", "(,,)"), ("1e400", "(,,)"), ("9e99", "(,,9e+99)"),
    ])
    func `a number sent as a text is read in any notation`(text: String, read: String) async throws {
        try await withTestDatabase { database in
            let rows = try await database.query(
                """
                SELECT (bronze_strava.json_bigint(j), bronze_strava.json_int(j), bronze_strava.json_float(j))::text
                FROM (SELECT to_jsonb(\(text)::text) AS j) AS v
                """)
            #expect(try rows[0].decode(String.self) == read)
        }
    }

    @Test(arguments: [
        "1e400", "-1e400", "1e999999", "-7e-999999", "123456789012345678901234567890", "NaN", "Infinity", "-Infinity", #""abc""#,
        #"{"x":1}"#,
        "[1]", #""1e99""#, "1e299",
    ])
    func `one absurd number is null and affects nothing else`(number: String) async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let fields = ["average_temp", "moving_time", "upload_id", "kudos_count", "utc_offset", "workout_type", "resource_state"]
            let odd = fields.map { #""\#($0)":\#(number)"# }.joined(separator: ", ")
            let body =
                #"{"name":"Ride, 1e9999, x","start_date":"2026-10-05T06:00:00Z","distance":28800.0, \#(odd) ,"laps":[{"moving_time":\#(number)}]}"#
            try await bench.land([answer(.activitySummary, 1, body), answer(.activity, 1, body)], listed: [listed(1)])
            try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"sex":"M","ftp":\#(number)}"#)])
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT distance_m, moving_time_s, upload_id, kudos_count, has_detail FROM silver.activity") == [
                    "(28800,,,,t)"
                ])
            #expect(try await bench.value("SELECT sex FROM silver.athlete") == "M")
            #expect(try await bench.lines("SELECT endpoint, reason, detail FROM sync.quarantine") == [])
        }
    }

    @Test func `numbers in streams may be texts, and one that no number can hold is a missing point`() throws {
        func values(_ data: String) throws -> [Double?]? {
            try StreamDecoder.decode(Array(#"{"watts":{"data":\#(data)}}"#.utf8)).values(.watts)
        }
        #expect(
            try values(#"["200","1.5e2",1e400,-1e400,NaN,-Infinity,"abc","",true,[],{}]"#) == [
                200, 150, nil, nil, nil, nil, nil, nil, 1, nil, nil,
            ])
        #expect(throws: StreamsError.self) { try values("[NaNa]") }
        #expect(throws: StreamsError.self) { try values("[1e]") }
    }
}
