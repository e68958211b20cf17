import Digest
import Foundation
import TestKit
import Testing

@testable import StravaAPI

struct FingerprintTests {
    private static let base: [(String, String)] = [
        ("id", "1"), ("start_date", #""2026-01-02T03:04:05Z""#), ("start_date_local", #""2026-01-02T04:04:05Z""#), ("elapsed_time", "100"),
        ("moving_time", "90"), ("distance", "22601.3"), ("total_elevation_gain", "0"), ("type", #""Run""#), ("sport_type", #""TrailRun""#),
        ("name", #""Morning""#), ("private", "false"), ("visibility", #""everyone""#), ("gear_id", "null"), ("trainer", "false"),
        ("commute", "false"), ("has_heartrate", "true"), ("average_heartrate", "151.0"), ("max_heartrate", "171.0"),
        ("average_speed", "2.9"),
        ("max_speed", "0"), ("device_name", #""Watch""#), ("map", #"{"id":"a1","summary_polyline":"abc","resource_state":2}"#),
        ("flagged", "false"), ("workout_type", "null"), ("kudos_count", "1"), ("comment_count", "0"), ("achievement_count", "0"),
        ("photo_count", "0"), ("average_cadence", "80.5"), ("elev_high", "12.0"),
    ]

    private func activity(_ fields: [(String, String)]) throws -> ListedActivity {
        try ListedActivity(element: bytes("{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"))
    }

    private func activity(_ key: String, _ value: String?) throws -> ListedActivity {
        let others = Self.base.filter { $0.0 != key }
        return try activity(value.map { others + [(key, $0)] } ?? others)
    }

    private static let edits: [(key: String, value: String)] = [
        ("distance", "22601.4"), ("distance", "0"), ("elapsed_time", "101"), ("moving_time", "91"),
        ("start_date", #""2026-01-02T03:04:06Z""#), ("total_elevation_gain", "1"), ("average_heartrate", "152"),
        ("max_heartrate", "172"), ("max_speed", "3.0"), ("average_cadence", "81"), ("elev_high", "13"),
        ("has_heartrate", "false"), ("map", #"{"summary_polyline":"abd"}"#),
        ("start_date_local", #""2026-01-02T05:04:05Z""#),
        ("type", #""Ride""#), ("sport_type", #""Run""#), ("name", #""Evening""#), ("private", "true"),
        ("visibility", #""only_me""#), ("gear_id", #""g1""#), ("trainer", "true"), ("commute", "true"),
        ("device_name", #""Phone""#), ("flagged", "true"), ("workout_type", "0"),
    ]

    @Test(arguments: edits)
    func `an edit changes the fingerprint`(key: String, value: String) throws {
        let (before, after) = (try activity(Self.base), try activity(key, value))
        #expect(before.fingerprint != after.fingerprint)
    }

    private static let jitter: [(key: String, value: String?)] = [
        ("kudos_count", "99"), ("comment_count", "3"), ("achievement_count", "4"), ("photo_count", "2"), ("has_kudoed", "true"),
        ("suffer_score", "50.0"), ("new_field", "{}"), ("total_elevation_gain", "0.0"), ("total_elevation_gain", "-0.0"),
        ("average_heartrate", "151"), ("elapsed_time", "100.0"), ("elapsed_time", "1e2"), ("max_speed", "0.0"), ("gear_id", nil),
        ("workout_type", nil), ("gear_id", #""""#), ("distance", "22601.30"), ("name", #""\u004dorning""#),
        ("map", #"{"resource_state":2,"summary_polyline":"abc"}"#),
    ]

    @Test(arguments: jitter)
    func `other people's reactions and the notation of numbers change nothing`(key: String, value: String?) throws {
        let (before, after) = (try activity(Self.base), try activity(key, value))
        #expect(before.fingerprint == after.fingerprint)
    }

    @Test func `the order of keys makes no difference`() throws {
        let seed = modelSeed
        print("seed of the key orders: \(seed)")
        var random = SeededRandom(seed: seed)
        let before = try activity(Self.base)
        for _ in 0..<20 {
            let after = try activity(Self.base.shuffled(using: &random))
            #expect(before.fingerprint == after.fingerprint, "seed \(seed)")
        }
    }

    @Test func `no string can pass for another figure`() throws {
        let one = try activity("name", #""Morning\nprivate=true""#)
        let other = try activity(Self.base.filter { $0.0 != "private" } + [("private", "true")])
        #expect(one.fingerprint != other.fingerprint)
    }

    @Test func `the digest is SHA-256`() {
        let hex = SHA256.digest(of: bytes("abc")).map { String(format: "%02x", Int($0)) }.joined()
        #expect(hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `the fingerprint is the one of the first release`() throws {
        // A change here makes every activity of every athlete look edited, which costs two calls for each: it must be deliberate.
        let hex = try activity([("id", "1"), ("start_date", #""2026-01-02T03:04:05Z""#), ("distance", "1.5"), ("name", #""é""#)])
            .fingerprint
            .map { String(format: "%02x", Int($0)) }.joined()
        #expect(hex == "6e3e25b8df0042271a981b4efa6aac4284fbdd15a1a02c9fffa3b0f963af1fb8")
    }
}
