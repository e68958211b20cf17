import Core
import Database
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Sync

/// Happenings come in order, each once, and none is missed, whenever it is committed.
@Suite struct HappeningTests {
    private static func addRun(_ athlete: Int64, on connection: Connection) async throws {
        try await connection.query(
            """
            INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome)
            VALUES (\(athlete), 'rhythm', now(), clock_timestamp(), 3, 2, 'done')
            """)
    }

    private static func athletes(_ happenings: [(happening: Happening, mark: HappeningMark)]) -> [Int64?] {
        happenings.map { $0.happening.athlete?.rawValue }
    }

    private func withAthletes(_ body: @Sendable (Database) async throws -> Void) async throws {
        try await withTestDatabase { database in
            try await database.query("INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, 9)")
            try await body(database)
        }
    }

    @Test func `a row with a lower number that is committed later is not missed, and nothing comes twice`() async throws {
        try await withAthletes { database in
            var reader = HappeningReader(database: database, athlete: nil)
            try await reader.begin(withLast: 0)
            try await database.transaction { slow in
                try await Self.addRun(1, on: slow)
                try await database.withConnection { try await Self.addRun(2, on: $0) }
                // The second could be seen by now, and would be passed over with the first.
                let early = try await reader.next()
                #expect(early.isEmpty && reader.isWaiting)
            }
            let found = try await reader.next()
            #expect(Self.athletes(found) == [1, 2])
            let more = try await reader.next()
            #expect(more.isEmpty && !reader.isWaiting)
        }
    }

    /// Six writers with forty rows each, a fifth of which are taken back.
    private static func write(to database: Database) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<6 {
                group.addTask {
                    for round in 0..<40 {
                        do {
                            try await database.transaction { connection in
                                try await addRun(Int64(writer + 1), on: connection)
                                if (writer + round) % 5 == 0 { throw CancellationError() }
                            }
                        } catch is CancellationError {}
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `many writers at once, some of whom give up, and every reader gets each row once from any mark on`() async throws {
        try await withAthletes { database in
            let writing = Task { try await Self.write(to: database) }
            var seen: [Int64] = []
            var mark = HappeningMark()
            var isWritten = false
            while true {
                // Each round is a new reader, as after a restart.
                var reader = HappeningReader(database: database, athlete: nil)
                let isOurs = try await reader.begin(after: mark)
                #expect(isOurs)
                let found = try await reader.next()
                // Cut off somewhere.
                for (happening, after) in found.prefix(max(1, found.count / 2)) {
                    seen.append(happening.number)
                    mark = after
                }
                if isWritten, found.isEmpty, !reader.isWaiting { break }
                if found.isEmpty, !isWritten {
                    isWritten = try await database.query("SELECT FROM pg_locks WHERE relation = 'sync.run'::regclass").isEmpty
                    if isWritten { try await writing.value }
                }
            }
            let all = try await database.query("SELECT run_id FROM sync.run ORDER BY 1").map { try $0.decode(Int64.self) }
            #expect(seen == all && all.count == 6 * 40 * 4 / 5)
        }
    }

    /// An event, four seconds later a turn, and two seconds later a request.
    private static func addAll(to database: Database, at: Date) async throws {
        try await database.query(
            """
            INSERT INTO sync.event (athlete_id, object_type, object_id, aspect_type, event_at, received_at)
            VALUES (1, 'activity', 5, 'create', \(at), \(at))
            """)
        try await database.query(
            """
            INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
            VALUES (2, 'request', \(at), \(at.addingTimeInterval(4)), 3, 2, 'failed', 'no')
            """)
        let desk = AuditDesk(database: database, clock: .manual(at: at.addingTimeInterval(6)))
        let id = try await desk.begin(
            AuditEntry(
                user: (1_000, "anna"), action: "pause_athlete", subject: .athlete(AthleteID(1)), parameters: "{}", athleteParameters: "{}"))
        try await desk.end(id, refusal: nil, isOurs: false)
    }

    @Test func `events, turns and requests come merged by their times, for all or for one athlete`() async throws {
        try await withAthletes { database in
            for place in 0..<3 {
                try await Self.addAll(to: database, at: Date(timeIntervalSince1970: 1_800_000_000 + Double(place * 10)))
            }
            var all = HappeningReader(database: database, athlete: nil)
            try await all.begin(withLast: 200)
            let found = try await all.next()
            #expect(Self.athletes(found) == [1, 2, 1, 1, 2, 1, 1, 2, 1])
            #expect(found.map(\.happening.source) == [.event, .run, .request, .event, .run, .request, .event, .run, .request])
            guard case .run(let calls, let landed, let duration_s, let outcome, let error) = found[1].happening.content else {
                Issue.record("no turn")
                return
            }
            #expect(calls == 3 && landed == 2 && duration_s == 4 && outcome == "failed" && error == "no")
            var one = HappeningReader(database: database, athlete: AthleteID(2))
            try await one.begin(withLast: 2)
            let ofOne = try await one.next()
            #expect(Self.athletes(ofOne) == [2, 2])
            var rest = HappeningReader(database: database, athlete: nil)
            let isOurs = try await rest.begin(after: found[3].mark)
            let others = try await rest.next()
            #expect(isOurs && others.map(\.mark) == found[4...].map(\.mark))
        }
    }

    @Test func `a request is shown with its outcome, but not waited for without end`() async throws {
        try await withAthletes { database in
            let desk = AuditDesk(database: database, clock: .system)
            let entry = AuditEntry(
                user: (0, "root"), action: "import_athletes", subject: nil, parameters: "{}", athleteParameters: "{}")
            var reader = HappeningReader(database: database, athlete: nil)
            try await reader.begin(withLast: 0)
            let (first, second) = (try await desk.begin(entry), try await desk.begin(entry))
            try await desk.end(second, refusal: nil, isOurs: false)
            let early = try await reader.next()
            #expect(early.isEmpty && reader.isWaiting)
            try await desk.end(first, refusal: "bad_request", isOurs: false)
            let ended = try await reader.next().map(\.happening.outcome)
            #expect(ended == ["refused", "done"] && !reader.isWaiting)
            _ = try await desk.begin(entry)
            try await database.query("UPDATE sync.audit SET asked_at = now() - interval '11 seconds' WHERE outcome = 'begun'")
            let long = try await reader.next().map(\.happening.outcome)
            #expect(long == ["begun"] && !reader.isWaiting)
        }
    }

    @Test func `a mark of another database is refused, and a text that is none`() async throws {
        for text in ["", "1", "1-2", "1-2-3-4", "1-2-x", "-1-2-3", "1--3", "1-2-99999999999999999999", "1-2-9999999999999999999", "١-2-3"] {
            #expect(HappeningMark(text) == nil, "\(text)")
        }
        let mark = try #require(HappeningMark("12-340-5"))
        #expect(mark.description == "12-340-5")
        try await withAthletes { database in
            var reader = HappeningReader(database: database, athlete: nil)
            let isForeign = try await !reader.begin(after: mark)
            let isOurs = try await reader.begin(after: HappeningMark())
            #expect(isForeign && isOurs)
        }
    }

    @Test func `numbers are settled once those who might have drawn lower ones have ended`() {
        var numbers = SettledNumbers()
        numbers.observed(drawn: 10, writers: [])
        #expect(numbers.settled == 10 && !numbers.isWaiting)
        numbers.observed(drawn: 12, writers: ["a", "b"])
        #expect(numbers.settled == 10 && numbers.isWaiting)
        numbers.observed(drawn: 20, writers: ["b", "c"])
        #expect(numbers.settled == 10)
        numbers.observed(drawn: 30, writers: ["c"])
        #expect(numbers.settled == 12, "c began after 12 was read")
        numbers.observed(drawn: 30, writers: [])
        #expect(numbers.settled == 30)
    }
}

extension Happening {
    fileprivate var outcome: String? { if case .request(_, _, let outcome, _) = content { outcome } else { nil } }
}
