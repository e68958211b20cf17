import Foundation
import TestKit
import Testing

@testable import Streams

@Suite struct StreamDecoderTests {
    private func decode(_ text: String) throws -> DecodedStreams { try StreamDecoder.decode(Array(text.utf8)) }

    @Test func `the form keyed by type and the array form decode to the same`() throws {
        let byType = try decode(
            #"{"time":{"data":[0,1,3],"series_type":"distance","original_size":7,"resolution":"high"},"latlng":{"data":[[52.5,13.25],[52.6,13.5],[1,2]]},"moving":{"data":[false,true,true]}}"#
        )
        let list = try decode(
            #"[{"data":[[52.5,13.25],[52.6,13.5],[1,2]],"type":"latlng"},{"type":"moving","data":[false,true,true]},{"type":"time","data":[0,1,3],"series_type":"distance","original_size":7,"resolution":"high"}]"#
        )
        for streams in [byType, list] {
            #expect(streams.count == 3)
            #expect(streams.values(.time) == [0, 1, 3])
            #expect(streams.values(.latitude) == [52.5, 52.6, 1])
            #expect(streams.values(.longitude) == [13.25, 13.5, 2])
            #expect(streams.values(.moving) == [0, 1, 1])
            #expect(streams.values(.heartrate) == nil)
            #expect(streams.originalSize == 7)
            #expect(streams.seriesType == "distance")
            #expect(streams.resolution == "high")
        }
    }

    @Test func `nulls, fractions, integers and nonsense are told apart`() throws {
        let streams = try decode(
            #"{"heartrate":{"data":[null,120,121.0,"x",[1],{"a":1},true,-0.5]},"latlng":{"data":[null,[1,2],[null,2],[1],[1,2,3],[91,0],[0,181],[-90,180]]}}"#
        )
        #expect(streams.values(.heartrate) == [nil, 120, 121, nil, nil, nil, 1, -0.5])
        #expect(streams.values(.latitude) == [nil, 1, nil, nil, nil, nil, nil, -90])
        #expect(streams.values(.longitude) == [nil, 2, nil, nil, nil, nil, nil, 180])
    }

    @Test func `streams of unequal length are filled up to the longest`() throws {
        let streams = try decode(#"{"time":{"data":[0,1,2,3]},"watts":{"data":[200,210]},"latlng":{"data":[[1,2]]},"temp":{"data":[]}}"#)
        #expect(streams.count == 4)
        #expect(streams.values(.watts) == [200, 210, nil, nil])
        #expect(streams.values(.longitude) == [2, nil, nil, nil])
        #expect(streams.values(.temperature) == [nil, nil, nil, nil])
    }

    @Test func `unknown streams and those of another shape are skipped`() throws {
        let streams = try decode(
            #"{"watts_calc":{"data":[1,2,3]},"note":"hello","time":{"data":[0,1],"unit":{"s":[1]},"resolution":5},"cadence":null,"altitude":{"data":null},"distance":[1,2]}"#
        )
        #expect(streams.count == 2)
        #expect(streams.values(.time) == [0, 1])
        #expect(streams.values(.cadence) == nil)
        #expect(streams.values(.altitude) == nil)
        #expect(streams.values(.distance) == nil)
        #expect(try decode("{}").count == 0)
        #expect(try decode("[]").count == 0)
        #expect(try decode("\u{FEFF}{}").count == 0)
    }

    @Test func `numbers beyond 64 bits are still numbers`() throws {
        let streams = try decode(#"{"distance":{"data":[194641753419464200000000000000,1e300,0.1]}}"#)
        #expect(streams.values(.distance) == [1.946417534194642e29, 1e300, 0.1])
    }

    @Test(arguments: [
        "", " ", "null", "3", "\"x\"", "<html>502</html>", "{", "[", "{\"time\":{\"data\":[1,2", "{\"time\":{\"data\":[1,,2]}}",
        "{\"time\":{\"data\":[1 2]}}", "{\"time\":{\"data\":[1.2.3]}}", "{} {}", "{\"time\":}", "{\"time\" {}}", "\u{0}",
        "{\"time\":{\"data\":[tru]}}",
    ])
    func `a body that is not a streams answer is refused`(text: String) {
        let error = #expect(throws: StreamsError.self) { try decode(text) }
        #expect(error?.code == .unreadable)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        let error = #expect(throws: StreamsError.self) { try StreamDecoder.decode([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]) }
        #expect(error?.code == .unreadable)
    }

    @Test func `lists nested without end are refused`() {
        let deep = String(repeating: "[", count: 200_000)
        #expect(throws: StreamsError.self) { try decode(deep) }
        #expect(throws: StreamsError.self) { try decode(#"{"x":"# + deep + "}") }
    }

    @Test func `more points than any activity can have are refused`() {
        let body = "{\"time\":{\"data\":[" + String(repeating: "0,", count: StreamDecoder.points_max) + "0]}}"
        let error = #expect(throws: StreamsError.self) { try decode(body) }
        #expect(error?.code == .tooLong)
    }

    @Test func `random streams come out as they went in, and are refused when cut anywhere`() throws {
        let seed = modelSeed
        print("stream decoder seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let count = Int.random(in: 0...40, using: &random)
            let sent: [Double?] = (0..<count).map { _ in
                Int.random(in: 0..<5, using: &random) == 0 ? nil : (Double.random(in: -500...5000, using: &random) * 10).rounded() / 10
            }
            let list = sent.map { $0.map { "\($0)" } ?? "null" }.joined(separator: ",")
            let body = "{\"altitude\":{\"data\":[\(list)]}}"
            #expect(try decode(body).values(.altitude) == sent)
            let cut = Int.random(in: 0..<body.utf8.count, using: &random)
            #expect(throws: StreamsError.self) { try StreamDecoder.decode(Array(body.utf8.prefix(cut))) }
        }
    }
}

extension DecodedStreams {
    /// The series with nil for missing points; nil when Strava sent none.
    func values(_ column: StreamColumn) -> [Double?]? { self[column]?.map { $0.isNaN ? nil : $0 } }
}
