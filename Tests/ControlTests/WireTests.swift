import ControlAPI
import Foundation
import TestKit
import Testing

@Suite struct ControlJSONTests {
    @Test func `a message has snake_case keys, UTC times with milliseconds and no empty fields`() throws {
        let message = AcceptedMessage(athletes: 2, requestedAt: Date(timeIntervalSince1970: 1_769_860_800.25))
        #expect(text(try ControlJSON.encode(message)) == #"{"athletes":2,"requested_at":"2026-01-31T12:00:00.250Z"}"#)
        #expect(text(try ControlJSON.encode(PauseRequest(forS: nil, reason: "rest"))) == #"{"reason":"rest"}"#)
    }

    @Test func `a time survives encoding, and is read with or without a fraction`() {
        let date = Date(timeIntervalSince1970: 1_769_860_800.125)
        #expect(ControlTime.date(ControlTime.text(date)) == date)
        #expect(ControlTime.date("2026-01-31T12:00:00Z") == Date(timeIntervalSince1970: 1_769_860_800))
        #expect(ControlTime.date("yesterday") == nil)
    }

    @Test func `a written time is never later than the time itself`() throws {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_000 {
            let date = Date(timeIntervalSince1970: Double.random(in: 0...4e9, using: &random))
            let written = try #require(ControlTime.date(ControlTime.text(date)))
            #expect(written <= date && date.timeIntervalSince(written) < 0.0011, "seed \(seed), \(date.timeIntervalSince1970)")
        }
    }

    @Test func `an error envelope contains its code and sentence`() throws {
        let bytes = try ControlJSON.encode(ErrorMessage(code: .notFound, message: "no such"))
        #expect(text(bytes) == #"{"error":{"code":"not_found","message":"no such"}}"#)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

@Suite struct LineSplitterTests {
    @Test func `lines come out complete however the bytes arrive`() {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let lines = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                [UInt8](repeating: UInt8(ascii: "x"), count: Int.random(in: 0...12, using: &random))
            }
            let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
            let expected = lines.map { $0.count > 10 ? LineSplitter.Line.tooLong : .whole($0) }
            #expect(split(bytes, using: &random) == expected, "seed \(seed)")
        }
    }

    @Test func `a last line without a line feed counts, an empty rest does not`() {
        #expect(split("a\r\nb") == [.whole([0x61]), .whole([0x62])])
        #expect(split("a\n") == [.whole([0x61])])
        #expect(split("") == [])
    }

    @Test func `a line beyond the limit is reported once, and the next is complete again`() {
        var lines = LineSplitter(lineBytesMax: 4)
        lines.append(Array("12345".utf8))
        #expect(lines.next() == nil)
        lines.append(Array("678901234567890".utf8))
        #expect(lines.next() == nil)
        lines.append(Array("\nok\n".utf8))
        #expect(lines.next() == .tooLong)
        #expect(lines.next() == .whole(Array("ok".utf8)))
        #expect(lines.finish() == nil)
    }

    @Test func `an unterminated line beyond the limit is reported`() {
        var lines = LineSplitter(lineBytesMax: 4)
        lines.append(Array("12345".utf8))
        #expect(lines.next() == nil)
        #expect(lines.finish() == .tooLong)
    }

    private func split(_ text: String) -> [LineSplitter.Line] {
        var lines = LineSplitter(lineBytesMax: 10)
        lines.append(Array(text.utf8))
        return drain(&lines) + [lines.finish()].compactMap { $0 }
    }

    private func split(_ bytes: [UInt8], using random: inout SeededRandom) -> [LineSplitter.Line] {
        var lines = LineSplitter(lineBytesMax: 10)
        var found: [LineSplitter.Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...7, using: &random))
            lines.append(rest.prefix(count))
            rest = rest.dropFirst(count)
            found += drain(&lines)
        }
        return found + [lines.finish()].compactMap { $0 }
    }

    private func drain(_ lines: inout LineSplitter) -> [LineSplitter.Line] {
        var found: [LineSplitter.Line] = []
        while let line = lines.next() { found.append(line) }
        return found
    }
}

@Suite struct ControlRouteTests {
    private static let openAPI = checkout.appending(path: "Sources/Control/API/openapi.yaml")

    @Test func `the OpenAPI file lists exactly the routes that there are`() throws {
        let described = try Self.describedRoutes(String(contentsOf: Self.openAPI, encoding: .utf8))
        #expect(described == Set(ControlRoute.allCases.map { "\($0.method) \($0.path)" }))
        #expect(described.count == ControlRoute.allCases.count)
    }

    @Test func `the OpenAPI file lists exactly the error codes that there are`() throws {
        let text = try String(contentsOf: Self.openAPI, encoding: .utf8)
        let list = try #require(text.firstMatch(of: /code:\n\s+enum: \[([^\]]+)\]/)).output.1
        let codes = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(Set(codes) == Set(ControlErrorCode.allCases.map(\.rawValue)))
    }

    @Test func `a path with a number matches the athlete's routes, other words match nothing`() {
        #expect(ControlRoute.matching(path: "/v1/athletes/12") == [.athlete])
        #expect(ControlRoute.matching(path: "/v1/athletes/import") == [.importAthletes])
        #expect(ControlRoute.matching(path: "/v1/athletes/12/pause") == [.pauseAthlete])
        #expect(ControlRoute.matching(path: "/v1/athletes/who") == [])
        #expect(ControlRoute.matching(path: "/v2/status") == [])
    }

    @Test func `a target encodes its query`() {
        let target = ControlTarget(.progressAthlete, athlete: 7, query: [("since", "2026-01-31T12:00:00.000Z"), ("x", "a b&ü")])
        #expect(target.path == "/v1/athletes/7/progress?since=2026-01-31T12%3A00%3A00.000Z&x=a%20b%26%C3%BC")
    }

    /// Paths stand two blanks deep, their methods four.
    private static func describedRoutes(_ yaml: String) throws -> Set<String> {
        var routes: Set<String> = []
        var path = ""
        for line in yaml.split(separator: "\n") {
            if let match = line.wholeMatch(of: #/\ {2}(/[^:]*):/#) { path = String(match.output.1) }
            if let match = line.wholeMatch(of: #/\ {4}(get|post|put|delete|patch):/#) {
                let isNew = routes.insert("\(match.output.1.uppercased()) \(path)").inserted
                try #require(isNew, "\(line) of \(path) stands twice")
            }
        }
        return routes
    }
}
