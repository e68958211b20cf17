import Core
import Foundation
import Testing

@testable import Warehouse

@Suite struct SilverFeedTests {
    private func landed(_ id: Int64, _ body: String) -> PreparedAnswer {
        let sent = answer(.activity, id, body)
        return PreparedAnswer(key: AnswerKey(Bench.athlete, .stravaAPI, sent), answer: sent)
    }

    @Test func `an entry can be taken once, and only in the version asked for`() {
        let feed = SilverFeed()
        let (old, new) = (landed(1, "{}"), landed(1, #"{"a":1}"#))
        feed.offer([old, new])
        #expect(feed.take(new.key, sha256: old.sha256) == nil)
        feed.offer([new])
        #expect(feed.take(new.key, sha256: new.sha256)?.bytes == 7)
        #expect(feed.take(new.key, sha256: new.sha256) == nil)
        #expect(feed.bytes == 0)
    }

    @Test func `a full feed forgets the oldest and stays within its bytes`() {
        let feed = SilverFeed(bytesMax: 1000)
        let answers = (Int64(0)..<500).map { landed($0, "{" + String(repeating: " ", count: 98) + "}") }
        for answer in answers {
            feed.offer([answer])
            #expect(feed.bytes <= 1000)
        }
        #expect(feed.bytes == 1000)
        #expect(feed.take(answers[489].key, sha256: answers[489].sha256) == nil)
        #expect(feed.take(answers[490].key, sha256: answers[490].sha256) != nil)
        feed.offer([landed(900, "{" + String(repeating: " ", count: 2000) + "}")])
        #expect(feed.bytes == 900)
    }

    @Test func `an entry that nobody takes does not keep the places of others`() {
        let feed = SilverFeed(bytesMax: 100_000)
        feed.offer([landed(0, "{}")])
        for id in Int64(1)...10_000 {
            let answer = landed(id, "{ }")
            feed.offer([answer])
            #expect(feed.take(answer.key, sha256: answer.sha256) != nil)
        }
        #expect(feed.placeCount <= 130)
    }
}
