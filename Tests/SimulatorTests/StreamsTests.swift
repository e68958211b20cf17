import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// GET /activities/{id}/streams (docs/strava-api.md 3.4).
struct StreamsTests {
    private static let allKeys =
        "time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"

    private func streams(_ visitor: Visitor, _ id: ActivityID, _ query: String = "keys=\(allKeys)&key_by_type=true") async throws
        -> HTTPResponse
    {
        let token = visitor.simulator.issueTokens(for: anyone).accessToken
        return try await visitor.get("/activities/\(id)/streams?\(query)", token: token)
    }

    @Test(arguments: ActivityKind.allCases.filter(\.hasStreams))
    func `the answer is the world's truth, number by number`(kind: ActivityKind) async throws {
        try await withSimulator(activities: 6, points: 200...900, kinds: [kind]) { visitor in
            for truth in visitor.simulator.truth(for: anyone) {
                let answer = try await streams(visitor, truth.id)
                let expected = try #require(truth.streams)
                let sent = try JSONDecoder().decode([String: Stream].self, from: Data(answer.body))
                #expect(Set(sent.keys) == Set(expected.keys))
                #expect(sent.values.allSatisfy { $0.data.count == truth.pointCount && $0.original_size == truth.pointCount })
                #expect(sent["time"]?.numbers == expected.time.map(Double.init))
                #expect(sent["distance"]?.numbers == expected.distance)
                #expect(sent["altitude"]?.numbers == expected.altitude)
                #expect(sent["velocity_smooth"]?.numbers == expected.velocitySmooth)
                #expect(sent["grade_smooth"]?.numbers == expected.gradeSmooth)
                #expect(sent["heartrate"]?.numbers == expected.heartrate?.map(Double.init))
                #expect(sent["cadence"]?.numbers == expected.cadence?.map(Double.init))
                #expect(sent["watts"]?.numbers == expected.watts?.map { $0.map(Double.init) })
                #expect(sent["temp"]?.numbers == expected.temp?.map { $0.map(Double.init) })
                #expect(sent["moving"]?.flags == expected.moving)
                #expect(sent["latlng"]?.pairs.map(\.[0]) == expected.latitude)
                #expect(sent["latlng"]?.pairs.map(\.[1]) == expected.longitude)
            }
        }
    }

    @Test func `time begins at zero and grows, with pauses, and not by one a second`() async throws {
        try await withSimulator(activities: 20, points: 400...600, kinds: [.run]) { visitor in
            let all = visitor.simulator.truth(for: anyone).compactMap(\.streams?.time)
            #expect(all.allSatisfy { $0.first == 0 && zip($0, $0.dropFirst()).allSatisfy(<) })
            let gaps = all.flatMap { zip($0, $0.dropFirst()).map { $1 - $0 } }
            #expect(gaps.contains(2))
            #expect(gaps.contains { $0 > 5 })
        }
    }

    @Test func `watts of outdoor rides contain nulls and zeros`() async throws {
        try await withSimulator(activities: 10, points: 900...1000, kinds: [.ride]) { visitor in
            let watts = visitor.simulator.truth(for: anyone).compactMap(\.streams?.watts).joined()
            #expect(watts.contains { $0 == nil })
            #expect(watts.contains(0))
        }
    }

    @Test func `without key_by_type the answer is an array with types`() async throws {
        try await withSimulator(activities: 1, kinds: [.run]) { visitor in
            let id = visitor.simulator.truth(for: anyone)[0].id
            let list = try #require(try await streams(visitor, id, "keys=time,altitude").json as? [[String: Any]])
            #expect(Set(list.compactMap { $0["type"] as? String }) == ["time", "altitude", "distance"])
            let keyed = try await streams(visitor, id, "keys=time&key_by_type=true").object
            #expect((keyed["time"] as? [String: Any])?["type"] == nil)
        }
    }

    @Test func `without keys, or with an unknown one, distance is sent`() async throws {
        try await withSimulator(activities: 1, kinds: [.run]) { (visitor) async throws in
            let id = visitor.simulator.truth(for: anyone)[0].id
            #expect(Set(try await streams(visitor, id, "key_by_type=true").object.keys) == ["distance"])
            #expect(Set(try await streams(visitor, id, "keys=nonsense&key_by_type=true").object.keys) == ["distance"])
        }
    }

    @Test(arguments: [ActivityKind.manual, .weightTraining])
    func `activities without data have no streams at all`(kind: ActivityKind) async throws {
        try await withSimulator(activities: 1, kinds: [kind]) { visitor in
            let truth = visitor.simulator.truth(for: anyone)[0]
            #expect(truth.streams == nil)
            let answer = try await streams(visitor, truth.id)
            #expect(answer.status == 404)
            #expect(answer.object["message"] as? String == "Resource Not Found")
        }
    }

    @Test func `streams carry no rate limit headers`() async throws {
        try await withSimulator(activities: 1, kinds: [.run]) { visitor in
            let id = visitor.simulator.truth(for: anyone)[0].id
            let answer = try await streams(visitor, id)
            #expect(answer.status == 200)
            #expect(answer.headers["x-ratelimit-usage"] == nil)
            #expect(answer.headers["x-readratelimit-usage"] == nil)
            #expect(visitor.simulator.quotaWindows.last?.allowed == 1)
        }
    }

    @Test(arguments: [(StreamsDelay.EarlyAnswer.notFound, 404, 0), (.empty, 200, 0), (.partial, 200, 2)])
    func `streams are not ready right after an upload`(answer: StreamsDelay.EarlyAnswer, status: Int, keys: Int) async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock) { visitor in
            let delay = StreamsDelay(until: monday.addingTimeInterval(300), answer: answer)
            let wish = NewActivity(startAt: monday.addingTimeInterval(-1000), points: 50, streamsDelay: delay)
            let id = visitor.simulator.world.addActivity(to: anyone, wish)
            let early = try await streams(visitor, id)
            #expect(early.status == status)
            #expect(status == 404 || early.object.count == keys)
            clock.advance(by: .seconds(300))
            let late = try await streams(visitor, id)
            #expect(late.status == 200)
            #expect(late.object.count > 2)
        }
    }

    @Test func `a fixed number of points can be asked for`() async throws {
        try await withSimulator(activities: 3, points: 1800...1800, kinds: [.ride]) { visitor in
            for truth in visitor.simulator.truth(for: anyone) {
                #expect(truth.pointCount == 1800)
                let time = try await streams(visitor, truth.id).object["time"] as? [String: Any]
                #expect((time?["data"] as? [Int])?.count == 1800)
            }
        }
    }
}

/// One stream of the JSON answer.
private struct Stream: Decodable {
    enum Value: Decodable {
        case number(Double)
        case flag(Bool)
        case pair([Double])
        case null

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .pair(try container.decode([Double].self))
            }
        }
    }

    let data: [Value]
    let original_size: Int
    let series_type: String
    let resolution: String

    var numbers: [Double?] { data.map { if case .number(let number) = $0 { number } else { nil } } }
    var flags: [Bool] { data.compactMap { if case .flag(let flag) = $0 { flag } else { nil } } }
    var pairs: [[Double]] { data.compactMap { if case .pair(let pair) = $0 { pair } else { nil } } }
}
