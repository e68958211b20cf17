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

    @Test func `a time goes out and comes back, with or without a fraction`() {
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

    @Test func `an error envelope carries its code and sentence`() throws {
        let bytes = try ControlJSON.encode(ErrorMessage(code: .notFound, message: "no such"))
        #expect(text(bytes) == #"{"error":{"code":"not_found","message":"no such"}}"#)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
