import Core
import Foundation
import StravaAPI
import TestKit
import Testing

@testable import Streams
@testable import Warehouse

/// Answers that were recorded from Strava. They may not be copied into the repository; without them these tests say so and end.
@Suite struct RecordedAnswersTests {
    private struct Recording {
        let path: String
        let kind: String
        let body: [UInt8]
    }

    private func recordings(_ kinds: String...) throws -> [Recording] {
        guard let folder = recordedAnswers else {
            print("no recorded answers beside the checkout: nothing to compare with")
            return []
        }
        let index = try String(contentsOf: folder.appending(path: "INDEX.tsv"), encoding: .utf8)
        return try index.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard kinds.contains(String(fields[1])), fields[0].hasSuffix(".json") else { return nil }
            let body = [UInt8](try Data(contentsOf: folder.appending(path: String(fields[0]))))
            return Recording(path: String(fields[0]), kind: String(fields[1]), body: body)
        }
    }

    private func json(_ body: [UInt8]) throws -> Any { try JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed]) }

    @Test func `every recorded streams answer is decoded, in both forms, value by value`() throws {
        for recording in try recordings("streams-by-type") {
            let sent = try #require(try json(recording.body) as? [String: [String: Any]], "\(recording.path)")
            let list = sent.map { name, series in series.merging(["type": name]) { $1 } }
            let asList = [UInt8](try JSONSerialization.data(withJSONObject: list))
            for body in [recording.body, asList] {
                let streams = try StreamDecoder.decode(body)
                for column in StreamColumn.allCases where column != .longitude {
                    let values = sent[column.stravaName]?["data"] as? [Any]
                    #expect(streams.values(column)?.count == values?.count, "\(recording.path) \(column)")
                    #expect(streams.values(column) == values?.map { Self.number($0) }, "\(recording.path) \(column)")
                }
            }
        }
    }

    private static func number(_ value: Any) -> Double? {
        if let pair = value as? [Any] { return (pair.first as? NSNumber)?.doubleValue }
        return (value as? NSNumber)?.doubleValue
    }

    @Test func `every recorded activity, list and streams answer goes through bronze into silver`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database, feedBytesMax: 1 << 20)
            let expected = try await land(bench)
            try await bench.transform()
            #expect(try await bench.lines("SELECT endpoint, object_id, reason, detail FROM sync.quarantine") == [])
            #expect(try await bench.value("SELECT count(*) FROM silver.activity", as: Int.self) == expected.activities.count)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_stream", as: Int.self) == expected.streams)
            #expect(try await bench.value("SELECT count(*) FROM bronze_strava.activity", as: Int.self) == expected.activities.count)
            for (id, sent) in expected.activities {
                let row = try await database.query(
                    """
                    SELECT name, distance_m, moving_time_s, sport_type, extract(epoch FROM start_at)::float8, extract(epoch FROM start_date_local)::float8
                    FROM silver.activity WHERE activity_id = \(id)
                    """)[0].decode(String?.self, Double?.self, Int?.self, String?.self, Double?.self, Double?.self)
                #expect(row.0 == sent["name"] as? String)
                #expect(row.1 == (sent["distance"] as? NSNumber)?.doubleValue)
                #expect(row.2 == (sent["moving_time"] as? NSNumber)?.intValue)
                #expect(row.3 == sent["sport_type"] as? String ?? sent["type"] as? String)
                #expect(row.4 == Self.instant(sent["start_date"]))
                #expect(row.5 == Self.instant(sent["start_date_local"]))
            }
        }
    }

    private struct Expected {
        var activities: [Int64: [String: Any]] = [:]
        var streams = 0
    }

    /// Each recording lands under an id of its own: recordings share ids.
    private func land(_ bench: Bench) async throws -> Expected {
        var expected = Expected()
        var id: Int64 = 0
        func add(_ endpoint: BronzeEndpoint, _ body: [UInt8]) async throws {
            id += 1
            let sent = BronzeAnswer(
                endpoint: endpoint, objectID: id, request: "/recorded", status: 200, fetchedAt: Bench.noon, body: body)
            try await bench.land([sent], listed: [listed(id)])
            expected.activities[id] = try #require(try json(body) as? [String: Any])
        }
        for recording in try recordings("activity-detail") { try await add(.activity, recording.body) }
        for recording in try recordings("activity-list") {
            for element in try ActivityPage(body: recording.body).activities { try await add(.activitySummary, element.body) }
        }
        for recording in try recordings("streams-by-type") {
            try await add(.activity, Array("{}".utf8))
            try await bench.land([
                BronzeAnswer(
                    endpoint: .streams, objectID: id, request: "/recorded", status: 200, fetchedAt: Bench.noon, body: recording.body)
            ])
            expected.streams += 1
        }
        return expected
    }

    private static func instant(_ value: Any?) -> Double? {
        guard let text = value as? String else { return nil }
        return (try? Date(text, strategy: .iso8601))?.timeIntervalSince1970
    }

    @Test func `every recorded profile becomes an athlete`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for (number, recording) in try recordings("athlete").enumerated() {
                let sent = answer(.athlete, Bench.athlete.rawValue, "", at: Bench.noon + Double(number))
                try await bench.land([
                    BronzeAnswer(
                        endpoint: .athlete, objectID: sent.objectID, request: "/athlete", status: 200, fetchedAt: sent.fetchedAt,
                        body: recording.body)
                ])
                try await bench.transform()
                let profile = try #require(try json(recording.body) as? [String: Any])
                let (first, weight) = try await database.query("SELECT first_name, weight_kg FROM silver.athlete")[0].decode(
                    String?.self, Double?.self)
                #expect(first == profile["firstname"] as? String, "\(recording.path)")
                #expect(weight == (profile["weight"] as? NSNumber)?.doubleValue, "\(recording.path)")
            }
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }
}
