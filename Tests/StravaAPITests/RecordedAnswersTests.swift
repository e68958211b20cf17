import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import StravaAPI

/// Decoding of answers in Strava's shape: the invented ones of the repository and, where present, Strava's own.
struct RecordedAnswersTests {
    /// The same body read by Foundation, for the expected values.
    private func elements(_ recording: Recording) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(recording.body)) as? [[String: Any]])
    }

    @Test func `the invented collection is whole`() {
        let kinds = Recordings.invented.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
        let expected = [
            "activity-list": 2, "activity-detail": 4, "streams-by-type": 3, "zones": 1, "athlete": 1, "athlete-zones": 1,
            "athlete-stats": 1, "gear": 2,
            "error": 4, "token": 2,
        ]
        #expect(kinds == expected)
        #expect(Recordings.invented.filter { $0.status != nil }.count == 9)
    }

    /// The counts are those of the collection of November 2026.
    @Test(.enabled(if: Recordings.areHere)) func `the recorded collection is whole`() throws {
        func count(_ kind: String) -> Int { Recordings.recorded.filter { $0.kind == kind }.count }
        #expect(count("activity-list") == 25)
        #expect(count("error") == 4)
        let exchanges = Recordings.recorded.filter { $0.status != nil }.map { HTTPHeaders($0.headers) }
        let quotas = exchanges.compactMap { RateLimitHeaders($0) }
        #expect(quotas.count > 30 && quotas.filter { $0.read != nil }.count > 10 && exchanges.filter { $0["date"] != nil }.count > 40)
        let tokens = Recordings.recorded.filter { $0.kind == "token" && !$0.path.contains("deauthorize") }
        let grants = tokens.compactMap { TokenGrant(body: $0.body, sent: nil, now: instant("2026-11-23T12:00:00Z")) }
        #expect(grants.count == 9 && grants.filter { $0.athleteID != nil }.count == 4)
    }

    @Test(arguments: Recordings.of("activity-list"))
    func `every list page is accepted`(recording: Recording) throws {
        let page = try ActivityPage(body: recording.body)
        #expect(page.rejected.map(\.reason) == [])
        #expect(page.elementCount == page.activities.count + page.rejected.count)
        #expect(try elements(recording).count == page.elementCount)
    }

    @Test(arguments: Recordings.of("activity-list"))
    func `the elements of a page are those that Foundation reads`(recording: Recording) throws {
        let expected = try elements(recording)
        let page = try ActivityPage(body: recording.body)
        let rejected = Set(page.rejected.map(\.index))
        let kept = expected.enumerated().filter { !rejected.contains($0.offset) }.map(\.element)
        for (activity, element) in zip(page.activities, kept) {
            #expect((element["id"] as? NSNumber)?.int64Value == activity.activityID.rawValue)
            #expect((element["start_date"] as? String).flatMap { try? Date($0, strategy: .iso8601) } == activity.startAt)
            #expect((element["manual"] as? Bool ?? false) == activity.manual)
            let cut = try #require(JSONSerialization.jsonObject(with: Data(activity.body)) as? [String: Any])
            #expect(NSDictionary(dictionary: cut) == NSDictionary(dictionary: element))
        }
    }

    @Test(arguments: Recordings.of("activity-list"))
    func `rewriting an element keeps its fingerprint`(recording: Recording) throws {
        for activity in try ActivityPage(body: recording.body).activities {
            // Foundation sorts the keys and writes 12.0 as 12.
            let object = try JSONSerialization.jsonObject(with: Data(activity.body))
            let anew = Array(try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted]))
            let again = try ListedActivity(element: anew)
            #expect(again.fingerprint == activity.fingerprint)
        }
    }

    private func fingerprints(_ recordings: [Recording]) throws -> [[UInt8]: Set<ActivityID>] {
        var seen: [[UInt8]: Set<ActivityID>] = [:]
        for recording in recordings where recording.kind == "activity-list" {
            for activity in try ActivityPage(body: recording.body).activities {
                seen[activity.fingerprint, default: []].insert(activity.activityID)
            }
        }
        return seen
    }

    @Test func `different activities have different fingerprints`() throws {
        let seen = try fingerprints(Recordings.invented)
        #expect(seen.count == 4)
        #expect(!seen.values.contains { $0.count > 1 })
    }

    @Test(.enabled(if: Recordings.areHere)) func `recorded activities have different fingerprints`() throws {
        let seen = try fingerprints(Recordings.recorded)
        #expect(seen.count > 200)
        // Templates of one upstream project repeat one activity under several ids.
        #expect(seen.values.filter { $0.count > 1 }.count <= 1)
    }

    @Test(arguments: Recordings.all.filter { $0.status != nil })
    func `every set of headers is read`(recording: Recording) throws {
        let headers = HTTPHeaders(recording.headers)
        let quota = RateLimitHeaders(headers)
        let limit = headers["X-RATELIMIT-LIMIT"]
        #expect((quota == nil) == (limit == nil))
        if let quota, let limit {
            let overall = try #require(quota.overall)
            #expect([overall.quarterLimit, overall.dayLimit].compactMap(\.self).map { "\($0)" }.joined(separator: ",") == limit)
            #expect(
                [overall.quarterUsage, overall.dayUsage].compactMap(\.self).map { "\($0)" }.joined(separator: ",")
                    == headers["x-ratelimit-usage"])
        }
        if let date = headers["date"] { #expect(Timestamp.httpDate(date) != nil, "\(date)") }
    }

    @Test(.enabled(if: Recordings.areHere)) func `the recorded call that is no read leaves the read usage open`() throws {
        let posts = Recordings.recorded.filter { $0.path.hasSuffix("client__create_activity__00.body.json") && !$0.path.contains("@v1.x") }
        #expect(posts.count == 1)
        for post in posts {
            let read = try #require(RateLimitHeaders(HTTPHeaders(post.headers))?.read)
            #expect(read.quarterUsage == nil && read.dayUsage == nil)
            #expect(read.quarterLimit == 100 && read.dayLimit == 1000)
        }
    }

    @Test(arguments: Recordings.of("error"))
    func `every error is understood`(recording: Recording) throws {
        let expected: [String: StravaError.Code] = [
            "client__activity_with_ratelimit_exceeded__00": .rateLimited, "client__authorization_error__00": .tokenDead,
            "client__not_found_error__00": .notFound, "oauth__token_invalid_client__00": .clientSecretWrong,
            "error-rate-limited": .rateLimited, "error-token-dead": .tokenDead, "error-not-found": .notFound,
            "error-client-secret": .clientSecretWrong,
        ]
        let name = recording.path.split(separator: "/").last?.replacing(".body.json", with: "") ?? ""
        let classifier = AnswerClassifier(
            origin: recording.uri.contains("/oauth/") ? .oauth : .api, status: try #require(recording.status),
            contentType: HTTPHeaders(recording.headers)["content-type"], body: recording.body)
        #expect(classifier.code == expected[String(name)])
    }

    @Test(arguments: Recordings.of("token").filter { !$0.path.contains("deauthorize") })
    func `every token answer is a grant`(recording: Recording) throws {
        let grant = try #require(TokenGrant(body: recording.body, sent: nil, now: instant("2026-11-23T12:00:00Z")))
        #expect(!grant.accessToken.isEmpty && !grant.refreshToken.isEmpty)
        let answer = try #require(JSONSerialization.jsonObject(with: Data(recording.body)) as? [String: Any])
        #expect((answer["expires_at"] as? NSNumber)?.doubleValue == grant.expiresAt.timeIntervalSince1970)
    }

    /// The collection files stats as an athlete's.
    private static func isStats(_ recording: Recording) -> Bool { String(decoding: recording.body, as: UTF8.self).contains("_ride_totals") }

    @Test(.enabled(if: Recordings.areHere)) func `recorded stats and zones of activities can be the answers to their calls`() {
        func faults(_ recordings: [Recording], _ call: StravaCall) -> [WrongAnswer] {
            recordings.compactMap { AnswerCheck.fault(of: $0.body, to: call, athlete: AthleteID(1)) }
        }
        let stats = Recordings.recorded.filter { $0.kind == "athlete" && Self.isStats($0) }
        let zones = Recordings.recorded.filter { $0.kind == "zones" && $0.body.first == UInt8(ascii: "[") }
        #expect(!stats.isEmpty && faults(stats, .athleteStats(AthleteID(1))) == [])
        #expect(!zones.isEmpty && faults(zones, .activityZones(ActivityID(1))) == [])
    }

    @Test(arguments: [
        (#"{"all_swim_totals":{"count":1}}"#, nil), (#"{"recent_run_totals":{}}"#, nil), ("{}", WrongAnswer.wrongShape),
        (#"{"message":"error"}"#, .wrongShape), (#"{"all_run_totals":null}"#, .wrongShape), (#"{"all_run_totals":3}"#, .wrongShape),
        ("[]", .wrongShape), (#"{"all_run_totals":{"#, .unreadable),
    ])
    func `stats are an object with totals`(body: String, fault: WrongAnswer?) {
        #expect(AnswerCheck.fault(of: bytes(body), to: .athleteStats(AthleteID(1)), athlete: AthleteID(1)) == fault)
    }

    @Test(arguments: [
        ("[]", nil), (#"[{"type":"power","distribution_buckets":[]}]"#, nil), (#"[{"type":"power"}]"#, WrongAnswer.wrongShape),
        (#"{"message":"error"}"#, .wrongShape), ("[1]", .wrongShape), ("[", .unreadable),
    ])
    func `zones of an activity are a list of distributions`(body: String, fault: WrongAnswer?) {
        #expect(AnswerCheck.fault(of: bytes(body), to: .activityZones(ActivityID(1)), athlete: AthleteID(1)) == fault)
    }

    private static let calls: [String: StravaCall] = [
        "activity-detail": .activity(ActivityID(1)), "streams-by-type": .streams(ActivityID(1)), "athlete": .athlete, "gear": .gear("b1"),
    ]

    @Test(arguments: Recordings.all.filter { calls[$0.kind] != nil && $0.status ?? 200 == 200 })
    func `every other answer has the shape of its call`(recording: Recording) throws {
        let call = try #require(Self.calls[recording.kind])
        #expect(BodyShape.begins(recording.body, withOneOf: call.bodyStarts))
    }
}
