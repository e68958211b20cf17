import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
private let athlete = AthleteID(101)
private let other = AthleteID(102)

private func world(_ athletes: Int = 1, activities: Int = 3) -> SimulatorWorld {
    SimulatorWorld(seed: 7, epoch: epoch, athleteCount: athletes, activitiesEach: activities, points: 40...60)
}

/// Matches the second request for a page of the list.
private func secondPage() -> RequestMatch {
    let seen = Counter()
    return RequestMatch { _, path, _ in path.hasSuffix("/athlete/activities") && seen.next() == 2 }
}

/// An answer is believed only if it can be the answer to what was asked.
@Suite struct WrongAnswerTests {
    private static let details: [(body: String, reason: String)] = [
        ("{}", "wrong_shape"), (#"{"message":"Record Not Found","errors":[{"resource":"Activity"}]}"#, "wrong_shape"),
        (#"{"id":1,"name":"another ride","type":"Ride","start_date":"2026-01-02T03:04:05Z"}"#, "other_object"),
        ("{\"a\":" + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}", "too_deep"),
        (#"{"id":01}"#, "unreadable"), ("[]", "unreadable"), (#"{"id":ID,"type":"Ride","start_date":"soon"}"#, "wrong_shape"),
        (#"{"id":ID,"type":"","start_date":"2026-01-02T03:04:05Z"}"#, "wrong_shape"),
    ]

    @Test(arguments: details)
    func `a detail that can't be the one asked for overwrites nothing, and comes after a retry`(body: String, reason: String) async throws {
        try await SyncRig.with(world()) { rig in
            let id = try #require(rig.simulator.truth(for: athlete).first).id
            rig.simulator.faults.append(
                Fault(
                    match: RequestMatch { _, path, _ in path.hasSuffix("/activities/\(id)") }, times: 1,
                    response: .status(200, body.replacing("ID", with: "\(id)"))))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.states(id)["detail"] == "failed")
            #expect(try await rig.number("SELECT count(*) FROM silver.activity WHERE start_at IS NOT NULL AND sport_type IS NOT NULL") == 3)
            let rows = try await rig.database.query("SELECT reason, body IS NOT NULL FROM sync.quarantine WHERE endpoint = 'detail'")
            #expect(try rows.map { try $0.decode(String.self, Bool.self).0 } == [reason])
            #expect(try await QuarantineDesk(database: rig.database, clock: .system).retry(athlete) == 1)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine") == 0)
        }
    }

    @Test(arguments: [
        "[1,2,3]", #"{"message":"error"}"#, #"{"time":null}"#, #"{"time":{"data":null}}"#, #"{"time":[0,1]}"#, #"{"time":{"data":"0,1"}}"#,
        #"{"foo":{"data":[1]}}"#, #"{"time":{"data":[0,1],"original_size":100}}"#, #"{"time":{"data":[0,1]},"distance":{"data":[0]}}"#,
    ])
    func `an answer without streams of its own lengths is no streams answer`(body: String) async throws {
        try await SyncRig.with(world()) { rig in
            let id = try #require(rig.simulator.truth(for: athlete).first { !$0.isManual }).id
            rig.simulator.faults.append(Fault(match: .streams(id), times: 1, response: .status(200, body)))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.states(id)["streams"] == "failed")
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE endpoint = 'streams'") == 1)
            _ = try await QuarantineDesk(database: rig.database, clock: .system).retry(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `it is asked for again after 5 minutes, an hour and a day, then it stays in the quarantine`() throws {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        let answer = StravaAnswer(call: .activity(ActivityID(1)), body: Array("{}".utf8), fetchedAt: now)
        for (attempts, wait_s) in [300.0, 3_600, 86_400, nil].enumerated() {
            let item = WorkItem(
                activityID: ActivityID(1), startAt: now, firstListedAt: now, lastListedAt: now, missing: [.detail: attempts])
            let rules = OutcomeRules(item: item, endpoint: .detail, cursor: SyncCursor(), now: now)
            guard case .wrong(let change, .wrongShape) = rules.answered(answer, athlete: athlete) else {
                Issue.record("the answer is believed")
                return
            }
            #expect(change.state == (wait_s == nil ? .quarantined : .failed))
            #expect(change.nextTryAt == wait_s.map { now.addingTimeInterval($0) })
        }
    }

    @Test func `swapped tokens bring nothing, stop both athletes, and the right ones mend it`() async throws {
        try await SyncRig.with(world(2)) { rig in
            try await rig.connect(athlete, tokensOf: other)
            try await rig.connect(other, tokensOf: athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM bronze_strava.answer") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == 0)
            #expect(
                try await rig.number(
                    "SELECT count(*) FROM sync.athlete WHERE state = 'reconnect' AND state_reason = 'token_of_another_athlete'") == 2)
            rig.simulator.clearRequests()
            try await rig.settle()
            #expect(rig.simulator.requests.isEmpty)
            for athlete in [athlete, other] { try await rig.connect(athlete) }
            try await rig.settle()
            for athlete in [athlete, other] { #expect(try await rig.differences(athlete) == []) }
        }
    }

    @Test func `a history that is longer than a page is complete although activities vanish between its pages`() async throws {
        try await SyncRig.with(world(activities: 260)) { rig in
            let gate = rig.simulator.gate(.streams)
            try await rig.connect(athlete)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            for gone in rig.simulator.truth(for: athlete).sorted(by: { $0.startAt > $1.startAt }).dropFirst(3).prefix(5) {
                _ = rig.world.delete(gone.id)
            }
            gate.open()
            _ = await turn.value
            try await rig.settle()
            let left = Set(rig.simulator.truth(for: athlete).map(\.id))
            let rows = try await rig.database.query("SELECT activity_id FROM sync.activity WHERE gone_at IS NULL")
            #expect(Set(try rows.map { try $0.decode(ActivityID.self) }).isSuperset(of: left))
            #expect(left.count == 255)
        }
    }

    @Test func `a look for what is new names everything although activities vanish between its pages`() async throws {
        try await SyncRig.with(world(activities: 260)) { rig in
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            try await rig.settle()
            try await rig.database.query("UPDATE sync.cursor SET newest_start_at = '2000-01-01'")
            try await rig.database.query("UPDATE sync.activity SET last_listed_at = '2000-01-01'")
            let gate = rig.simulator.gate(secondPage())
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            for gone in rig.simulator.truth(for: athlete).sorted(by: { $0.startAt < $1.startAt }).dropFirst(3).prefix(5) {
                _ = rig.world.delete(gone.id)
            }
            gate.open()
            _ = await turn.value
            let left = Set(rig.simulator.truth(for: athlete).map(\.id))
            let rows = try await rig.database.query("SELECT activity_id FROM sync.activity WHERE last_listed_at > '2001-01-01'")
            #expect(Set(try rows.map { try $0.decode(ActivityID.self) }).isSuperset(of: left))
            #expect(left.count == 255)
        }
    }

    @Test func `a first walk during which an activity was deleted is walked once more before the history is complete`() async throws {
        try await SyncRig.with(world(activities: 230)) { rig in
            let gone = try #require(rig.simulator.truth(for: athlete).max { $0.startAt < $1.startAt })
            let gate = rig.simulator.gate(secondPage())
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            _ = rig.world.delete(gone.id)
            try await rig.database.query(
                """
                INSERT INTO sync.event (athlete_id, object_type, object_id, aspect_type, event_at, received_at)
                SELECT \(athlete), 'activity', \(gone.id), 'delete', now(), now() FROM sync.cursor
                """)
            gate.open()
            _ = await turn.value
            #expect(try await rig.number("SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NOT NULL") == 1)
            let begun = rig.simulator.requests.filter {
                $0.endpoint == "activities" && !$0.query.contains("before=") && !$0.query.contains("after=") && $0.query.contains("page=1&")
            }
            #expect(begun.count == 2, "\(rig.simulator.requests.map(\.query))")
        }
    }

    @Test func `an empty page behind a full one is no end of the list`() async throws {
        try await SyncRig.with(world(activities: 230)) { rig in
            rig.simulator.faults.append(Fault(match: secondPage(), response: .status(200, "[]")))
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NOT NULL") == 0)
            try await rig.database.query("UPDATE sync.schedule SET due_at = now()")
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == 230)
            #expect(try await rig.number("SELECT count(*) FROM sync.cursor WHERE history_complete_at IS NOT NULL") == 1)
        }
    }

    @Test func `nothing of another athlete's is kept in the quarantine`() async throws {
        try await SyncRig.with(world(2)) { rig in
            let (mine, theirs) = (rig.simulator.truth(for: athlete), rig.simulator.truth(for: other))
            let page = (mine + [theirs[0]]).map { String(decoding: $0.summaryBody, as: UTF8.self) }.joined(separator: ",")
            rig.simulator.faults.append(Fault(match: .list, times: 1, response: .status(200, "[\(page)]")))
            let detail = String(decoding: try #require(rig.world.detailBody(of: theirs[0].id)), as: UTF8.self)
            rig.simulator.faults.append(
                Fault(match: RequestMatch { _, path, _ in path.hasSuffix("/activities/\(mine[0].id)") }, response: .status(200, detail)))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE reason = 'other_athlete' AND body IS NULL") == 2)
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == mine.count)
        }
    }

    @Test func `a request that can't be read is not run as another one, nor thrown away`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.database.query(#"UPDATE sync.schedule SET request = '{"full":"perhaps"}'"#)
            try await rig.turn()
            #expect(try await rig.differences(athlete) == [], "the ordinary rhythm goes on")
            let row = try await rig.database.query("SELECT request::text, last_error, due_at > now() FROM sync.schedule")
            let (request, error, waits) = try row[0].decode(String?.self, String?.self, Bool.self)
            #expect(request == #"{"full": "perhaps"}"# && error?.contains("can't be read") == true && waits)
            _ = try await rig.registry.requestSync(athlete, full: false, by: "test")
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NULL AND last_error IS NULL") == 1)
        }
    }

    /// Lists of random length with ties, whose activities vanish and appear while they are walked: what is there all the time is seen.
    @Test func `a walk passes nothing that is there from its beginning to its end`() {
        var random = SeededRandom(seed: modelSeed)
        for history in 0..<300 {
            let perPage = Int.random(in: 3...8, using: &random)
            func start() -> Double { (Double.random(in: 0...40, using: &random) * 4).rounded() / 4 * 86_400 }
            var list = (0..<Int.random(in: 0...60, using: &random)).map { (id: $0, start: start()) }
            var lasting = Set(list.map(\.id))
            var seen: Set<Int> = []
            var position = WalkPosition()
            var pages = 0
            while pages < 500 {
                pages += 1
                let bound = position.before?.timeIntervalSince1970 ?? .infinity
                let below = list.filter { $0.start < bound }.sorted { ($0.start, $0.id) > ($1.start, $1.id) }
                let page = below.dropFirst((position.page - 1) * perPage).prefix(perPage)
                if page.isEmpty { break }
                seen.formUnion(page.map(\.id))
                position.pass(starts: page.map { Date(timeIntervalSince1970: $0.start) }, isFull: page.count == perPage)
                for _ in 0..<Int.random(in: 0...2, using: &random) where !list.isEmpty && below.count < perPage * 6 {
                    lasting.remove(list.remove(at: Int.random(in: list.indices, using: &random)).id)
                }
                if Bool.random(using: &random) { list.append((id: 1_000 + pages, start: start())) }
            }
            #expect(pages < 500, "the walk ends (history \(history), seed \(modelSeed))")
            let dense = Dictionary(grouping: list) { ($0.start / 86_400).rounded(.down) }.values.contains { $0.count * 3 >= perPage }
            if !dense { #expect(lasting.isSubset(of: seen), "history \(history), seed \(modelSeed)") }
        }
    }
}
