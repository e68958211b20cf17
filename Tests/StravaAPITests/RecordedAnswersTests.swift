import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import StravaAPI

/// Strava's own answers through the decoders. The counts are those of the collection of November 2026.
struct RecordedAnswersTests {
    private var hasRecordings: Bool { recordedAnswers != nil }

    /// The same body through Foundation, for what the page must contain.
    private func elements(_ recording: Recording) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(recording.body)) as? [[String: Any]])
    }

    @Test func `every recorded list page is taken`() throws {
        var (pages, taken, empty) = (0, 0, 0)
        var rejected: [RejectedElement.Reason] = []
        for recording in Recordings.of("activity-list") {
            let page = try ActivityPage(body: recording.body)
            pages += 1
            taken += page.activities.count
            empty += page.elementCount == 0 ? 1 : 0
            rejected += page.rejected.map(\.reason)
            #expect(page.elementCount == page.activities.count + page.rejected.count)
            #expect(try elements(recording).count == page.elementCount, "\(recording.path)")
        }
        print("recorded list pages: \(pages), of them empty \(empty); activities taken \(taken), set aside \(rejected.map(\.rawValue))")
        if hasRecordings {
            #expect(pages == 25)
            #expect(rejected == [])
        }
    }

    @Test(arguments: Recordings.of("activity-list"))
    func `a recorded element is what Foundation reads, byte for byte`(recording: Recording) throws {
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
    func `writing a recorded element anew keeps its fingerprints`(recording: Recording) throws {
        for activity in try ActivityPage(body: recording.body).activities {
            // Foundation sorts the keys and writes 12.0 as 12.
            let object = try JSONSerialization.jsonObject(with: Data(activity.body))
            let anew = Array(try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted]))
            let again = try ListedActivity(element: anew)
            #expect(again.fingerprint == activity.fingerprint)
        }
    }

    @Test func `recorded activities have different fingerprints`() throws {
        var seen: [[UInt8]: Set<ActivityID>] = [:]
        for recording in Recordings.of("activity-list") {
            for activity in try ActivityPage(body: recording.body).activities {
                seen[activity.fingerprint, default: []].insert(activity.activityID)
            }
        }
        let shared = seen.values.filter { $0.count > 1 }
        print("recorded fingerprints: \(seen.count), shared by several ids: \(shared.count)")
        if hasRecordings {
            #expect(seen.count > 200)
            // Templates of one upstream project repeat one activity under several ids.
            #expect(shared.count <= 1)
        }
    }

    @Test func `every recorded set of headers is read`() throws {
        var (withQuota, withReads, dated) = (0, 0, 0)
        for recording in Recordings.all where recording.status != nil {
            let headers = HTTPHeaders(recording.headers)
            let quota = RateLimitHeaders(headers)
            let limit = headers["X-RATELIMIT-LIMIT"]
            #expect((quota == nil) == (limit == nil), "\(recording.path)")
            if let quota, let limit {
                withQuota += 1
                withReads += quota.read == nil ? 0 : 1
                let overall = try #require(quota.overall)
                #expect([overall.quarterLimit, overall.dayLimit].compactMap(\.self).map { "\($0)" }.joined(separator: ",") == limit)
                #expect(
                    [overall.quarterUsage, overall.dayUsage].compactMap(\.self).map { "\($0)" }.joined(separator: ",")
                        == headers["x-ratelimit-usage"])
            }
            if let date = headers["date"] {
                dated += 1
                #expect(Timestamp.httpDate(date) != nil, "\(date)")
            }
        }
        print("recorded headers: with quota \(withQuota), with a read bucket \(withReads), with a date \(dated)")
        if hasRecordings {
            #expect(withQuota > 30 && withReads > 10 && dated > 40)
        }
    }

    @Test func `the recorded call that is no read leaves the read usage open`() throws {
        let posts = Recordings.all.filter { $0.path.hasSuffix("client__create_activity__00.body.json") && !$0.path.contains("@v1.x") }
        for post in posts {
            let read = try #require(RateLimitHeaders(HTTPHeaders(post.headers))?.read)
            #expect(read.quarterUsage == nil && read.dayUsage == nil)
            #expect(read.quarterLimit == 100 && read.dayLimit == 1000)
        }
        if hasRecordings { #expect(posts.count == 1) }
    }

    @Test func `every recorded error is understood`() throws {
        let expected: [String: StravaError.Code] = [
            "client__activity_with_ratelimit_exceeded__00": .rateLimited, "client__authorization_error__00": .tokenDead,
            "client__not_found_error__00": .notFound, "oauth__token_invalid_client__00": .clientSecretWrong,
        ]
        var understood = 0
        for recording in Recordings.of("error") {
            let name = recording.path.split(separator: "/").last?.replacing(".body.json", with: "") ?? ""
            let classifier = AnswerClassifier(
                origin: recording.uri.contains("/oauth/") ? .oauth : .api, status: try #require(recording.status),
                contentType: HTTPHeaders(recording.headers)["content-type"], body: recording.body)
            #expect(classifier.code == expected[String(name)], "\(recording.path)")
            understood += 1
        }
        if hasRecordings { #expect(understood == expected.count) }
    }

    @Test func `every recorded token answer is a grant`() throws {
        let now = instant("2026-11-23T12:00:00Z")
        var (grants, athletes) = (0, 0)
        for recording in Recordings.of("token") where !recording.path.contains("deauthorize") {
            let grant = try #require(TokenGrant(body: recording.body, sent: nil, now: now), "\(recording.path)")
            grants += 1
            athletes += grant.athleteID == nil ? 0 : 1
            #expect(!grant.accessToken.isEmpty && !grant.refreshToken.isEmpty)
            let answer = try #require(JSONSerialization.jsonObject(with: Data(recording.body)) as? [String: Any])
            #expect((answer["expires_at"] as? NSNumber)?.doubleValue == grant.expiresAt.timeIntervalSince1970, "\(recording.path)")
        }
        print("recorded grants: \(grants), with athlete \(athletes)")
        if hasRecordings { #expect(grants == 9 && athletes == 4) }
    }

    @Test func `every other recorded answer has the shape of its call`() throws {
        let calls: [String: StravaCall] = [
            "activity-detail": .activity(ActivityID(1)), "streams-by-type": .streams(ActivityID(1)), "athlete": .athlete,
            "gear": .gear("b1"),
        ]
        var count = 0
        for recording in Recordings.all {
            guard let call = calls[recording.kind], recording.status ?? 200 == 200 else { continue }
            #expect(BodyShape.begins(recording.body, withOneOf: call.bodyStarts), "\(recording.path)")
            count += 1
        }
        if hasRecordings { #expect(count > 30) }
    }
}
