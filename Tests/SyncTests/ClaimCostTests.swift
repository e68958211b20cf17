import Core
import Database
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)

@Suite struct ClaimCostTests {
    private static let due = 100

    /// A schedule of `count` athletes, of whom a hundred, of all priorities, are due; the others are due within the next day.
    private func fill(_ database: Database, count: Int) async throws {
        try await database.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, \(count));
                INSERT INTO sync.schedule (athlete_id, priority, due_at)
                SELECT n, n / \(count / Self.due) % 5, to_timestamp(1790000000) + CASE WHEN n % \(count / Self.due) = 0 THEN -n ELSE 1 + n % 86400 END * interval '1 s'
                FROM generate_series(1, \(count)) AS n;
                ANALYZE sync.athlete, sync.schedule
                """)
        }
    }

    /// The fastest of several claims of 32 at once, in seconds; each is given back.
    private func claim_s(_ database: Database) async throws -> Double {
        let schedule = ScheduleQueries(database: database)
        let owner = UUID()
        var fastest = Double.infinity
        for _ in 0..<15 {
            let start = ContinuousClock.now
            let claims = try await schedule.claim(lanes: [(0...4, 32)], owner: owner, now: now, lease_s: 120)
            fastest = min(fastest, (ContinuousClock.now - start) / .seconds(1))
            #expect(claims.count == 32)
            try await database.query(
                "UPDATE sync.schedule SET due_at = \(now.addingTimeInterval(-60)), lease_owner = NULL WHERE lease_owner = \(owner)")
        }
        return fastest
    }

    @Test func `a claim costs what is due, not how many athletes there are`() async throws {
        let few = try await withTestDatabase { database in
            try await fill(database, count: 1_000)
            return try await claim_s(database)
        }
        try await withTestDatabase { database in
            try await fill(database, count: 200_000)
            let many = try await claim_s(database)
            // The index is a level deeper; the rest is the noise of a busy machine.
            #expect(many < few * 5 + 0.005, "\(many * 1_000) ms with 200,000 athletes, \(few * 1_000) ms with 1,000")
            #expect(many < 0.1)
        }
    }

    @Test func `a claim never reads the whole schedule`() async throws {
        try await withTestDatabase { database in
            try await fill(database, count: 200_000)
            let claim = ScheduleTable.claim(lanes: [(0...4, 32)], owner: UUID(), now: now, lease_s: 120)
            let explained = try await database.query(SQL(raw: "EXPLAIN " + claim.text, parameters: claim.parameters))
            let plan = try explained.map { try $0.decode(String.self) }.joined(separator: "\n")
            #expect(plan.contains("schedule_due") && !plan.contains("Seq Scan"), "\(plan)")
        }
    }

    @Test func `most urgent first, then longest due, until nothing is due`() async throws {
        try await withTestDatabase { database in
            try await fill(database, count: 2_000)
            let schedule = ScheduleQueries(database: database)
            var taken: [AthleteID] = []
            var priorities: [Int] = []
            while case let claims = try await schedule.claim(lanes: [(0...4, 8)], owner: UUID(), now: now, lease_s: 120),
                !claims.isEmpty
            {
                taken += claims.map(\.athleteID)
                priorities += claims.map(\.priority).sorted()
            }
            #expect(priorities == priorities.sorted() && Set(priorities) == [0, 1, 2, 3, 4])
            #expect(taken.count == Self.due && Set(taken).count == Self.due)
        }
    }

    @Test func `after a downtime the oldest of a priority go first`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, 500);
                    INSERT INTO sync.schedule (athlete_id, priority, due_at)
                    SELECT n, 2, to_timestamp(1790000000) - (n * 7919 % 500) * interval '1 minute' FROM generate_series(1, 500) AS n
                    """)
            }
            let schedule = ScheduleQueries(database: database)
            let oldest = try await database.query("SELECT athlete_id FROM sync.schedule ORDER BY due_at LIMIT 32")
            let first = try await schedule.claim(lanes: [(2...3, 32)], owner: UUID(), now: now, lease_s: 120)
            let expected = try Set(oldest.map { try $0.decode(AthleteID.self) })
            #expect(Set(first.map(\.athleteID)) == expected)
        }
    }
}
