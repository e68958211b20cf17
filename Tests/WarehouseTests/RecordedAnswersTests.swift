import Core
import Foundation
import StravaAPI
import TestKit
import Testing

@testable import Streams
@testable import Warehouse

/// Answers in Strava's shape through bronze into silver: the invented ones of the repository and, where they are, Strava's own.
@Suite struct RecordedAnswersTests {
    private func json(_ body: [UInt8]) throws -> Any { try JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed]) }

    @Test(arguments: Recordings.of("streams-by-type"))
    func `every streams answer is decoded, in both forms, value by value`(recording: Recording) throws {
        let sent = try #require(try json(recording.body) as? [String: [String: Any]])
        let list = sent.map { name, series in series.merging(["type": name]) { $1 } }
        let asList = [UInt8](try JSONSerialization.data(withJSONObject: list))
        for body in [recording.body, asList] {
            let streams = try StreamDecoder.decode(body)
            for column in StreamColumn.allCases where column != .longitude {
                let values = sent[column.stravaName]?["data"] as? [Any]
                #expect(streams.values(column)?.count == values?.count, "\(column)")
                for (value, wanted) in zip(streams.values(column) ?? [], values ?? []) {
                    #expect(Self.isSame(value, Self.number(wanted)), "\(column)")
                }
            }
        }
    }

    /// Foundation reads numbers of 17 digits with an error in the last places.
    private static func isSame(_ value: Double?, _ wanted: Double?) -> Bool {
        guard let value, let wanted else { return value == nil && wanted == nil }
        return abs(value - wanted) <= abs(wanted) * 1e-14
    }

    private static func number(_ value: Any) -> Double? {
        if let pair = value as? [Any] { return (pair.first as? NSNumber)?.doubleValue }
        return (value as? NSNumber)?.doubleValue
    }

    @Test func `every activity, list and streams answer goes through bronze into silver`() async throws {
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
        for recording in Recordings.of("activity-detail") { try await add(.activity, recording.body) }
        for recording in Recordings.of("activity-list") {
            for element in try ActivityPage(body: recording.body).activities { try await add(.activitySummary, element.body) }
        }
        for recording in Recordings.of("streams-by-type") {
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
        // Some collections have local times without the Z.
        return ((try? Date(text, strategy: .iso8601)) ?? (try? Date(text + "Z", strategy: .iso8601)))?.timeIntervalSince1970
    }

    @Test func `every profile becomes an athlete`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for (number, recording) in Recordings.of("athlete").enumerated() {
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
                // A weight of 0 can't be true: it is a finding, and null.
                #expect(weight == (profile["weight"] as? NSNumber).flatMap { $0 == 0 ? nil : $0.doubleValue }, "\(recording.path)")
            }
            #expect(try await bench.value("SELECT count(*) FROM sync.quarantine", as: Int.self) == 0)
        }
    }
}
