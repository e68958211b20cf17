import Core
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Warehouse

@Suite struct WarehouseWriterTests {
    @Test func `the same answer landed twice changes nothing`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let first = try await bench.land([answer(.activity, 11, #"{"id":11}"#), answer(.streams, 11, "{}")])
            #expect(first == CommitReceipt(inserted: 2, changed: 0, unchanged: 0, newActivities: 0))
            try await database.query("DELETE FROM sync.transform_work")
            let before = try await bench.lines("SELECT xmin::text, endpoint FROM bronze_strava.answer ORDER BY endpoint")

            let second = try await bench.land([
                answer(.activity, 11, #"{"id":11}"#, at: Bench.noon + 60), answer(.streams, 11, "{}", at: Bench.noon + 60),
            ])

            #expect(second == CommitReceipt(inserted: 0, changed: 0, unchanged: 2, newActivities: 0))
            #expect(try await bench.lines("SELECT xmin::text, endpoint FROM bronze_strava.answer ORDER BY endpoint") == before)
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 0)
            #expect(try await bench.value("SELECT count(*) FROM bronze_strava.answer_version", as: Int.self) == 0)
        }
    }

    @Test func `an answer is kept byte for byte with its hash`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let body: [UInt8] = Array("{\"name\":\"Möhre \\u0000\",  \"a\":1.50, \"a\":2}\n".utf8) + [0xFF, 0x00]
            let sent = BronzeAnswer(
                endpoint: .activity, objectID: 12, request: "/activities/12", status: 200, fetchedAt: Bench.noon, body: body)
            try await bench.land([sent])
            let row = try await database.query("SELECT body, sha256, sha256(body), body_bytes, request, status FROM bronze_strava.answer")[
                0]
            let (kept, hash, computed, bytes, request, status) = try row.decode(
                [UInt8].self, [UInt8].self, [UInt8].self, Int.self, String.self, Int.self)
            #expect(kept == body)
            #expect(hash == computed)
            #expect(bytes == body.count)
            #expect(request == "/activities/12")
            #expect(status == 200)
        }
    }

    /// A large body is a parameter of its own.
    @Test(arguments: [0, 40_000])
    func `a changed answer replaces the old one, which is kept as a version`(more: Int) async throws {
        let filler = String(repeating: " ", count: more)
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activity, 11, "{}" + filler), answer(.activity, 12, "{}" + filler)])
            try await database.query("DELETE FROM sync.transform_work")
            let receipt = try await bench.land([
                answer(.activity, 11, #"{"name":"new"}"# + filler, at: Bench.noon + 90),
                answer(.activity, 12, "{}" + filler, at: Bench.noon + 90), answer(.activity, 13, "{}" + filler),
            ])
            #expect(receipt == CommitReceipt(inserted: 1, changed: 1, unchanged: 1, newActivities: 0))
            let version = try await bench.lines(
                """
                SELECT object_id, rtrim(convert_from(body, 'UTF8')) AS body, body_bytes, extract(epoch FROM valid_to - valid_from)::int
                FROM bronze_strava.answer_version
                """)
            #expect(version == ["(11,{},\(2 + more),90)"])
            let bodies = "SELECT object_id, sha256 = sha256(body), body_bytes FROM bronze_strava.answer ORDER BY 1"
            #expect(try await bench.lines(bodies) == ["(11,t,\(14 + more))", "(12,t,\(2 + more))", "(13,t,\(2 + more))"])
            #expect(try await bench.lines("SELECT activity_id FROM sync.transform_work ORDER BY 1") == ["(11)", "(13)"])
        }
    }

    @Test func `if a batch has an answer twice, the last one lands`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let receipt = try await bench.land(
                [answer(.activitySummary, 11, #"{"a":1}"#), answer(.activitySummary, 11, #"{"a":2}"#)],
                listed: [listed(11), listed(11, fingerprint: 2)])
            #expect(receipt == CommitReceipt(inserted: 1, changed: 0, unchanged: 0, newActivities: 1))
            #expect(try await bench.value("SELECT convert_from(body, 'UTF8') FROM bronze_strava.answer", as: String.self) == #"{"a":2}"#)
        }
    }

    @Test func `landed answers are counted, stream by stream`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams = #"{"time":{"data":[0,1,2]},"latlng":{"data":[[1,2],[1,2],[1,2]]},"other":{"data":[1]}}"#
            let summary = answer(.activitySummary, 11, "{}")
            try await bench.land([
                summary, answer(.streams, 11, streams), answer(.streams, 12, "no json"), answer(.athlete, Bench.athlete.rawValue, "{}"),
            ])
            try await bench.land([summary])
            let lines = try await bench.lines(
                "SELECT activity_id, data_source, data_stream, record_count, status FROM metrics.metrics ORDER BY activity_id, data_stream")
            #expect(
                lines == [
                    "(11,STRAVA,activity_summary,1,SUCCESS)", "(11,STRAVA,latlng,3,SUCCESS)", "(11,STRAVA,time,3,SUCCESS)",
                    "(12,STRAVA,streams,0,FAILURE)", "(,STRAVA,athlete_summary,1,SUCCESS)",
                ])
        }
    }

    @Test func `a stream that is shorter than the others counts what was sent, not what silver fills up`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let streams =
                #"{"time":{"data":[0,1,2,3]},"heartrate":{"data":[100,null]},"latlng":{"data":[[1,2],[1,2],[1,2]]},"watts":{"data":[]}}"#
            try await bench.land([answer(.activity, 11, "{}"), answer(.streams, 11, streams)], listed: [listed(11)])
            try await bench.transform()
            #expect(
                try await bench.lines("SELECT data_stream, record_count FROM metrics.metrics WHERE data_stream <> 'activity' ORDER BY 1")
                    == ["(heartrate,2)", "(latlng,3)", "(time,4)", "(watts,0)"])
            #expect(try await bench.lines("SELECT heartrate_bpm FROM silver.activity_stream") == [#"("{100,NULL,NULL,NULL}")"#])
        }
    }

    @Test func `a page of two hundred lands in one transaction`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let ids = Int64(1)...200
            let receipt = try await bench.land(
                ids.map { answer(.activitySummary, $0, #"{"id":\#($0)}"#) }, listed: ids.map { listed($0) },
                cursor: CursorChange(walkPage: .set(2)))
            #expect(receipt == CommitReceipt(inserted: 200, changed: 0, unchanged: 0, newActivities: 200))
            let transactions = try await bench.value("SELECT count(DISTINCT xmin::text) FROM bronze_strava.answer", as: Int.self)
            #expect(transactions == 1)
            #expect(try await bench.value("SELECT count(*) FROM sync.completeness", as: Int.self) == 600)
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 200)
        }
    }
}
