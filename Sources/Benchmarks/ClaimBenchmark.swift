import Core
import Database
import Foundation
import SyncStore

/// The time of one claim, the scheduler's own statement, with few and with very many athletes, of whom a hundred are due.
struct ClaimBenchmark {
    private static let due = 100
    private static let claimed = 32
    let server: BenchServer
    let counts: [Int]
    let rounds: Int

    /// Prints the plan at the largest size and a table; a ratio is to the smallest size.
    func run() async throws {
        var lines: [String] = []
        var first: Double?
        for count in counts {
            server.note("claim: \(count) athletes")
            try await fill(count)
            let each_s = try await claim_s()
            first = first ?? each_s
            lines.append(String(format: "| %d | %d | %.2f | %.2f |", count, Self.due, each_s * 1000, each_s / (first ?? each_s)))
        }
        print(try await plan())
        print("| athletes | due | claim of \(Self.claimed), fastest of \(rounds), ms | times the first |\n|---|---|---|---|")
        print(lines.joined(separator: "\n"))
    }

    private func fill(_ count: Int) async throws {
        try await server.removeAthletes()
        try await server.run(
            """
            INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, \(count));
            INSERT INTO sync.schedule (athlete_id, priority, due_at)
            SELECT n, n / \(count / Self.due) % 5,
                now() + CASE WHEN n % \(count / Self.due) = 0 THEN -n % 86400 - 60 ELSE 3600 + n % 86400 END * interval '1 s'
            FROM generate_series(1, \(count)) AS n
            """)
        try await server.run("VACUUM ANALYZE sync.athlete, sync.schedule")
    }

    /// The fastest of several claims, in seconds; each is undone.
    private func claim_s() async throws -> Double {
        var all: [Double] = []
        for round in 0..<rounds + 3 {
            let owner = UUID()
            let claim = statement(owner)
            var claimed = 0
            let each_s = try await Stopwatch.seconds { claimed = try await server.database.query(claim).count }
            guard claimed == Self.claimed else { throw BenchFailure("\(claimed) athletes claimed instead of \(Self.claimed)") }
            if round >= 3 { all.append(each_s) }
            try await server.database.query(
                "UPDATE sync.schedule SET due_at = now() - interval '1 minute', lease_owner = NULL, lease_expires_at = NULL WHERE lease_owner = \(owner)"
            )
        }
        return all.min() ?? 0
    }

    private func plan() async throws -> String {
        let claim = statement(UUID())
        let explain = SQL(raw: "EXPLAIN (ANALYZE, COSTS OFF, BUFFERS) " + claim.text, parameters: claim.parameters)
        let rows = try await server.database.query(explain)
        return try rows.map { try $0.decode(String.self) }.joined(separator: "\n")
    }

    private func statement(_ owner: UUID) -> SQL {
        ScheduleTable.claim(lanes: [(0...4, Self.claimed)], owner: owner, now: Date(), lease_s: 120)
    }
}
