import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// A role of its own that may enter silver and no other schema, and sees there the athletes that `rule` shows.
private func withReader(_ database: Database, of rule: String, _ body: (String) async throws -> Void) async throws {
    let role = "dashboard_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    try await database.withConnection { connection in
        try await connection.execute(
            """
            CREATE ROLE \(role) NOLOGIN;
            GRANT USAGE ON SCHEMA silver TO \(role);
            GRANT SELECT ON ALL TABLES IN SCHEMA silver TO \(role);
            CREATE POLICY \(role) ON silver.athlete FOR SELECT TO \(role) USING (\(rule))
            """)
    }
    let result: Result<Void, any Error>
    do { result = .success(try await body(role)) } catch { result = .failure(error) }
    try await database.withConnection { try await $0.execute("DROP OWNED BY \(role); DROP ROLE \(role)") }
    try result.get()
}

extension Database {
    fileprivate func query(_ sql: SQL, as role: String) async throws -> Rows {
        try await transaction { connection in
            try await connection.execute("SET LOCAL ROLE \(role)")
            return try await connection.query(sql)
        }
    }
}

@Suite struct CompletenessViewTests {
    private func connectTwo(_ rig: SyncRig) async throws {
        for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
        try await rig.settle()
    }

    private func world() -> SimulatorWorld {
        SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 2, activitiesEach: 6, points: 40...60)
    }

    @Test func `an athlete with everything here is complete`() async throws {
        try await SyncRig.with(world()) { rig in
            try await connectTwo(rig)
            let rows = try await rig.database.query(
                """
                SELECT endpoint, listed, landed + empty, share_complete, oldest_gap_at IS NULL FROM silver.completeness
                WHERE endpoint <> 'zones' ORDER BY athlete_id, endpoint
                """
            )
            #expect(rows.count == 14)
            for row in rows {
                let (endpoint, listed, here, share, hasNoGap) = try row.decode(String.self, Int.self, Int.self, Double?.self, Bool.self)
                let isOwn = ["profile", "athlete_zones", "athlete_stats", "gear"].contains(endpoint)
                #expect((isOwn ? (1...2).contains(listed) : listed == 6) && here == listed && share == 1 && hasNoGap, "\(endpoint)")
            }
        }
    }

    @Test func `each state is counted, gone ones are no gap, and the oldest gap is named`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id) VALUES (1), (2);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
                    SELECT 1, n, timestamptz '2026-01-01 00:00Z' + n * interval '1 day', '\\x00' FROM generate_series(1, 9) AS n;
                    INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
                    SELECT 1, n, 'streams',
                        (ARRAY['landed', 'empty', 'gone', 'no_scope', 'pending', 'failed', 'quarantined', 'landed', 'expired'])[n],
                        timestamptz '2026-01-01 00:00Z' + n * interval '1 day' FROM generate_series(1, 9) AS n
                    """)
            }
            let rows = try await database.query(
                """
                SELECT listed, landed, pending, empty, no_scope, gone, failed, quarantined, expired, share_complete, oldest_gap_at
                FROM silver.completeness WHERE athlete_id = 1 AND endpoint = 'streams'
                """)
            let row = rows[0]
            let counts = try (0..<9).map { try row.column($0, as: Int.self) }
            #expect(counts == [9, 2, 1, 1, 1, 1, 1, 1, 1])
            // 2 landed and 1 empty, of 9 without the one that is gone and the one that expired
            #expect(try row.column(9, as: Double.self) == 3.0 / 7)
            #expect(try row.column(10, as: Date.self) == Date(timeIntervalSince1970: 1_767_225_600 + 4 * 86_400))
            let empty = try await database.query("SELECT listed, share_complete FROM silver.completeness WHERE athlete_id = 2")
            let shares = try empty.map { try $0.column(1, as: Double?.self) }
            #expect(shares == [Double?](repeating: nil, count: 8))
        }
    }

    @Test func `freshness tells the newest activity, the last look and what silver still has to do`() async throws {
        try await SyncRig.with(world()) { rig in
            try await connectTwo(rig)
            let athlete = rig.world.athleteIDs[0]
            let newest = try #require(rig.simulator.truth(for: athlete).map(\.startAt).max())
            try await rig.database.query(
                "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (\(athlete), 5, 'infinity'), (\(athlete), 6, \(epoch))"
            )
            _ = try await rig.registry.pause(athlete, until: nil, reason: nil)
            let rows = try await rig.database.query(
                """
                SELECT state, newest_activity_at, newest_activity_age_s, data_age_s, silver_backlog, silver_backlog_oldest_at
                FROM silver.freshness WHERE athlete_id = \(athlete)
                """)
            let (state, start, startAge, dataAge, backlog, oldest) = try rows[0].decode(
                String.self, Date.self, Double.self, Double.self, Int.self, Date.self)
            #expect(state == "paused" && start == newest && backlog == 2 && oldest == epoch)
            #expect(abs(startAge - Date().timeIntervalSince(newest)) < 60 && (0..<60).contains(dataAge))
        }
    }

    @Test func `freshness counts an activity once, knows no age before the first look, and a pause that is over is none`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id, state, paused_until) VALUES (1, 'active', now() - interval '1 minute'), (2, 'reconnect', NULL);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint, gone_at)
                    VALUES (1, 1, '2026-01-02 00:00Z', '\\x00', NULL), (1, 2, '2026-01-03 00:00Z', '\\x00', now());
                    INSERT INTO sync.cursor (athlete_id, listed_at, history_complete_at) VALUES (1, '2026-01-04 00:00Z', '2026-01-05 00:00Z');
                    INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (1, 1, '2026-01-06 00:00Z'), (1, 1, '2026-01-07 00:00Z')
                    """)
            }
            let rows = try await database.query(
                """
                SELECT concat_ws(' ', state, newest_activity_at::date, listed_at::date, history_complete_at::date, silver_backlog,
                    silver_backlog_oldest_at::date), data_age_s IS NULL
                FROM silver.freshness ORDER BY athlete_id
                """)
            let lines = try rows.map { try $0.decode(String.self, Bool.self) }
            #expect(lines.map(\.0) == ["active 2026-01-02 2026-01-04 2026-01-05 1 2026-01-06", "reconnect 0"])
            #expect(lines.map(\.1) == [false, true])
        }
    }

    @Test func `a dashboard role reads both views and nothing of schema sync`() async throws {
        try await SyncRig.with(world()) { rig in
            try await connectTwo(rig)
            try await withReader(rig.database, of: "true") { role in
                let (endpoints, athletes) = (
                    try await rig.database.query("SELECT * FROM silver.completeness", as: role),
                    try await rig.database.query("SELECT * FROM silver.freshness", as: role)
                )
                #expect(endpoints.count == 16 && athletes.count == 2)
                await #expect(throws: DatabaseError.self) { try await rig.database.query("SELECT * FROM sync.completeness", as: role) }
                await #expect(throws: DatabaseError.self) { try await rig.database.query("SELECT * FROM sync.athlete", as: role) }
            }
        }
    }

    @Test func `row-level security on silver's athletes holds for both views`() async throws {
        try await SyncRig.with(world()) { rig in
            try await connectTwo(rig)
            let own = rig.world.athleteIDs[1]
            try await withReader(rig.database, of: "athlete_id = \(own.rawValue)") { role in
                for view in ["completeness", "freshness"] {
                    let rows = try await rig.database.query("SELECT DISTINCT athlete_id FROM silver.\(raw: view)", as: role)
                    let seen = try rows.map { try $0.decode(AthleteID.self) }
                    #expect(seen == [own], "\(view)")
                }
            }
        }
    }

    @Test func `one athlete's completeness costs that athlete's rows only`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, 200);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
                    SELECT a, a * 1000 + n, now(), '\\x00' FROM generate_series(1, 200) AS a, generate_series(1, 50) AS n;
                    INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, start_at)
                    SELECT athlete_id, activity_id, 'streams', start_at FROM sync.activity;
                    ANALYZE sync.athlete, sync.activity, sync.completeness
                    """)
            }
            for view in ["completeness", "freshness"] {
                let plan = try await database.query("EXPLAIN SELECT * FROM silver.\(raw: view) WHERE athlete_id = 7")
                let text = try plan.map { try $0.decode(String.self) }.joined(separator: "\n")
                #expect(!text.contains("Seq Scan on completeness") && !text.contains("Seq Scan on activity"), "\(text)")
            }
        }
    }
}
