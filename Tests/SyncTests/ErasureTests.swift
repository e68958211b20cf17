import Core
import Database
import Foundation
import Simulator
import StravaAPI
import SyncStore
import TestKit
import Testing
import Warehouse

@testable import Sync
@testable import Vault

/// Numbers and names that are found wherever they are.
private let athlete = AthleteID(987_654_321_012)
private let neighbour = AthleteID(876_543_210_123)

private func world() -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(
        seed: 23, epoch: epoch,
        athletes: [athlete, neighbour].map { AthleteSpec(id: $0, activityCount: 12, points: 40...90, ftp_w: 250) })
}

/// All that a database holds, to look for an athlete in it.
struct WholeDatabase {
    let database: Database

    /// Tables outside of PostgreSQL's own schemas, by name, and whether they have a column `athlete_id`.
    private func tables() async throws -> [(name: String, isPerAthlete: Bool)] {
        try await database.query(
            """
            SELECT format('%I.%I', n.nspname, c.relname),
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
            ORDER BY 1
            """
        ).map { try $0.decode(String.self, Bool.self) }
    }

    /// Rows of the athlete, by table.
    func rows(of athlete: AthleteID) async throws -> [String: Int] {
        var found: [String: Int] = [:]
        for table in try await tables() where table.isPerAthlete {
            let count = try await database.query("SELECT count(*) FROM \(raw: table.name) WHERE athlete_id = \(athlete)")[0].decode(
                Int.self)
            found[table.name] = count
        }
        return found
    }

    /// Tables in which one of the texts occurs: in any column of any type, in bytes too.
    func tables(holding texts: [String]) async throws -> [String] {
        var found: [String] = []
        for table in try await tables() {
            for text in texts {
                let digits = text.utf8.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
                let rows = try await database.query(
                    """
                    SELECT FROM (SELECT row_to_json(t)::text AS content FROM \(raw: table.name) t) AS t
                    WHERE strpos(content, \(text)) > 0 OR strpos(content, \(digits)) > 0 LIMIT 1
                    """)
                if !rows.isEmpty { found.append("\(table.name): \(text)") }
            }
        }
        return found
    }
}

extension SyncRig {
    var whole: WholeDatabase { WholeDatabase(database: database) }
    var keeper: ErasureKeeper { ErasureKeeper(eraser: eraser) }

    /// An athlete with rows in every table that has athletes, by the daemon's own ways as far as they lead.
    func fill(_ athlete: AthleteID) async throws {
        try await connect(athlete, scopes: [.read, .readAll, .profileReadAll, .activityRead, .activityReadAll])
        try await settle()
        #expect(world.rename(simulator.truth(for: athlete)[0].id, to: "Renamed"))
        try await walkAgain(athlete)
        let desk = EventDesk(database: database, clock: environment.clock)
        let id = simulator.truth(for: athlete)[1].id
        try await desk.accept(
            StravaEvent(
                objectType: "activity", objectID: id.rawValue, aspectType: "update", owner: athlete, eventAt: Date(),
                updates: #"{"title":"of \#(athlete)"}"#))
        try await ThresholdDesk(database: database, clock: environment.clock).set(
            ThresholdName(.power, of: .ride), value: 250, athlete: athlete)
        try await RebuildDesk(database: database).request(athlete, isDryRun: true, now: Date())
        while try await silver.rebuildOnce() {}
        try await makeSilver()
        try await addUnusual(athlete)
        try await addConnects(athlete)
        _ = try await registry.pause(athlete, until: nil, reason: "u\(athlete) is away")
    }

    /// Who came in how, and what may be read by whom.
    private func addConnects(_ athlete: AthleteID) async throws {
        let body = Array(#"{"athlete":{"id":\#(athlete)}}"#.utf8)
        try await database.query(
            """
            INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason, detail, body)
            VALUES (\(athlete), 'summary', 1, 'wrong_shape', 'of \(raw: "\(athlete)")', \(body))
            """)
        try await database.query(
            """
            INSERT INTO sync.connect_state
                (state_sha256, uid, link_id, link_expires_at, renewed_athlete, expires_at, browser_sha256, client, outcome)
            SELECT s.hash, s.uid, '\\x01', s.until, s.renewed, s.until, '\\x00', '192.0.2.1',
                CASE WHEN s.has_ended THEN jsonb_build_object('result', 'connected', 'athlete_id', \(athlete)::bigint, 'name', 'Athlete') END
            FROM (VALUES
                (\(Array("a\(athlete)".utf8)), \("u\(athlete)")::text, NULL::bigint, now() + interval '9 minutes', false),
                (\(Array("b\(athlete)".utf8)), 'another', NULL, now() + interval '9 minutes', true),
                (\(Array("c\(athlete)".utf8)), 'a third', \(athlete)::bigint, now() + interval '9 minutes', false)
            ) AS s (hash, uid, renewed, until, has_ended)
            """)
        try await database.query(
            """
            INSERT INTO sync.api_token (athlete_id, token_sha256, uid, scopes, created_at, expires_at)
            VALUES (\(athlete), sha256('\\x01'), \("u\(athlete)"), '{read}', now(), now() + interval '9 days')
            """)
        try await database.query("INSERT INTO sync.web_session_athlete (athlete_id, session_id) VALUES (\(athlete), 1)")
        try await database.query("INSERT INTO sync.requested_run (athlete_id, requested_at) VALUES (\(athlete), now())")
        try await database.query("INSERT INTO sync.reader_grant (athlete_id, role_name) VALUES (\(athlete), 'reader')")
        try await moveUID("v\(athlete)", to: "u\(athlete)", of: athlete)
        try await addAudit(athlete)
    }

    /// What an admin asked for, by number, by uid and by token.
    private func addAudit(_ athlete: AthleteID) async throws {
        let desk = AuditDesk(database: database, clock: environment.clock)
        let token = try await number("SELECT token_id FROM sync.api_token WHERE athlete_id = \(athlete)")
        let subjects: [AuditEntry.Subject] = try [.athlete(athlete), .uid(#require(UID("u\(athlete)"))), .token(Int64(token))]
        for subject in subjects {
            let id = try await desk.begin(
                AuditEntry(
                    user: (0, "root"), action: "pause_athlete", subject: subject, parameters: #"{"for_s":60}"#,
                    athleteParameters: #"{"reason":"u\#(athlete) is away"}"#))
            try await desk.end(id, refusal: nil, isOurs: false)
        }
        #expect(try await desk.records(athlete: athlete, since: nil, before: nil, limit: 9).count == 3)
    }

    fileprivate func moveUID(_ from: String, to: String?, of athlete: AthleteID) async throws {
        try await database.query(
            """
            INSERT INTO sync.uid_move (athlete_id, moved_at, from_uid, to_uid, cause) VALUES (\(athlete), now(), \(from), \(to), 'import')
            """)
    }

    /// What the simulated answers don't have.
    private func addUnusual(_ athlete: AthleteID) async throws {
        for (table, columns, values) in [
            ("quality_finding", "check_name, measured", "'point_count', 1"), ("best_effort", "effort_number", "1"),
            ("photo", "photo_number, size_px, url, is_primary", "1, 600, 'https://example.org/u', true"),
            ("segment_effort", "effort_number", "1"), ("split_mile", "split_number", "1"),
        ] {
            try await database.query(
                """
                INSERT INTO silver.\(raw: table) (athlete_id, source_id, activity_id, \(raw: columns))
                SELECT athlete_id, source_id, activity_id, \(raw: values) FROM silver.activity WHERE athlete_id = \(athlete) LIMIT 1
                ON CONFLICT DO NOTHING
                """)
        }
        try await database.query("INSERT INTO silver.athlete_finding (athlete_id, check_name, measured) VALUES (\(athlete), 'ftp_w', 1)")
    }
}

@Suite struct ErasureTests {
    /// Tables that hold an athlete for a moment only, or for an option that this test does not set.
    private static let emptyAtRest: Set<String> = ["sync.erasure_request", "silver.threshold_work", "sync.transform_work"]

    @Test func `nothing of an erased athlete is left in any table, and another athlete keeps everything`() async throws {
        try await SyncRig.with(world(), settings: SyncSettings.withZones) { rig in
            try await rig.fill(athlete)
            try await rig.fill(neighbour)
            // Only work in hand, as after a landing.
            try await rig.database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (\(athlete), 0)")
            let before = try await rig.whole.rows(of: athlete)
            let unfilled = before.filter { $0.value == 0 }.keys.filter { !Self.emptyAtRest.contains($0) }.sorted()
            #expect(unfilled == [], "the athlete of this test is to have rows in every table")
            let texts = ["\(athlete)", "u\(athlete)"] + rig.simulator.truth(for: athlete).map { "\($0.id)" }
            #expect(try await rig.whole.tables(holding: texts).count > before.count)
            let other = try await rig.whole.rows(of: neighbour)
            // The neighbour had the athlete's uid before.
            try await rig.moveUID("u\(athlete)", to: nil, of: neighbour)

            let plan = try await rig.eraser.plan(athlete)
            let receipt = try await rig.eraser.erase(athlete, by: .operator)
            #expect(receipt.erasedAt != nil && receipt.revocation == .revoked && receipt.requestedBy == .operator)
            #expect(try await rig.whole.tables(holding: texts) == [])
            #expect(try await rig.whole.rows(of: athlete).values.allSatisfy { $0 == 0 })
            #expect(try await rig.whole.rows(of: neighbour) == other)
            #expect(!rig.simulator.isConnected(athlete) && rig.simulator.isConnected(neighbour))

            var expected = plan
            // The token and what was asked for leave at the beginning.
            for table in ["vault.token", "sync.silver_rebuild", "sync.uid_move"] { expected[table] = nil }
            #expect(receipt.rows == expected)
            #expect(plan.count >= 30 && plan == before.filter { $0.value > 0 })
        }
    }

    @Test func `caches hold nothing of an erased athlete, whoever erased them`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let claims = try await rig.claim()
            await AthleteSync(environment: rig.environment, claim: claims[0]).run()
            #expect(rig.feed.athletes == [athlete], "landed, and not transformed yet")
            #expect(await rig.environment.vault.remembered == [athlete])
            // Another process: it has this database, and not this memory.
            let other = AthleteEraser(
                database: rig.database, vault: rig.environment.vault, clock: .system, logger: quietLogger)
            try await other.erase(athlete, by: .athlete)
            #expect(rig.feed.athletes == [athlete])
            try await rig.keeper.runOnce()
            #expect(rig.feed.athletes == [] && rig.feed.bytes == 0)
            #expect(await rig.environment.vault.remembered == [])
            #expect(try await rig.silver.runOnce() == 0)
        }
    }

    @Test func `a receipt names nobody, is filed for its owner alone, and its tag is found again with the keyring`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.fill(athlete)
            let receipt = try await rig.eraser.erase(athlete, by: .athlete)
            let text = try String(contentsOf: rig.receipts, encoding: .utf8)
            let line = try #require(text.split(separator: "\n").last)
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            let filed = try decoder.decode(ErasureReceipt.self, from: Data(line.utf8))
            #expect(filed.erasureID == receipt.erasureID && filed.rows == receipt.rows && filed.revocation == .revoked)
            #expect(!text.contains("\(athlete)") && !text.contains("u\(athlete)"))
            let attributes = try FileManager.default.attributesOfItem(atPath: rig.receipts.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let tag = rig.environment.vault.erasureTag(of: athlete).tag.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
            #expect(receipt.athleteTag == tag && tag.count == 64)
            #expect(try await rig.number("SELECT count(*) FROM sync.erasure WHERE filed_at IS NOT NULL") == 1)
        }
    }

    @Test func `who was erased connects again as a newcomer`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.fill(athlete)
            try await rig.eraser.erase(athlete, by: .athlete)
            try await rig.connect(athlete, arrival: .awaited)
            let rows = try await rig.database.query(
                """
                SELECT a.state, a.uid, a.paused_until IS NULL, s.lease_fence, c.history_complete_at IS NULL,
                    (SELECT count(*) FROM bronze_strava.answer b WHERE b.athlete_id = a.athlete_id)
                FROM sync.athlete a JOIN sync.schedule s USING (athlete_id) JOIN sync.cursor c USING (athlete_id)
                """)
            let (state, uid, isUnpaused, fence, isNew, answers) = try rows[0].decode(
                String.self, String.self, Bool.self, Int.self, Bool.self, Int.self)
            #expect(state == "active" && uid == "u\(athlete)" && isUnpaused && fence == 0 && isNew && answers == 0)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            try await rig.keeper.runOnce()
            #expect(rig.simulator.isConnected(athlete), "the receipt of the former erasure does not touch the new grant")
        }
    }

    @Test func `an erasure under way refuses a new grant, and asking again returns its receipt`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let gate = rig.simulator.gate(.path("/oauth/revoke"))
            let erasing = Task { try await rig.eraser.erase(athlete, by: .operator) }
            await gate.waitForHeld()
            let refused = await #expect(throws: SyncError.self) { try await rig.connect(athlete) }
            #expect(refused?.code == .beingErased)
            #expect(try await rig.claim().isEmpty, "nothing is due")
            _ = try await rig.registry.resume(athlete)
            _ = try await rig.registry.requestSync(nil, full: true, by: "test")
            #expect(try await rig.claim().isEmpty, "nothing makes the athlete due")
            #expect(
                try await !EventDesk(database: rig.database, clock: .system).accept(
                    StravaEvent(objectType: "activity", objectID: 1, aspectType: "create", owner: athlete, eventAt: Date())))
            let again = Task { try await rig.eraser.erase(athlete, by: .athlete) }
            try await eventually("the second asks for the revocation, too") { gate.heldCount == 2 }
            gate.open()
            let (one, other) = (try await erasing.value, try await again.value)
            #expect(one.erasureID == other.erasureID && one.requestedBy == .operator)
            let unknown = await #expect(throws: SyncError.self) { try await rig.eraser.erase(athlete, by: .operator) }
            #expect(unknown?.code == .unknownAthlete)
            await #expect(throws: SyncError.self) { try await rig.eraser.plan(athlete) }
        }
    }

    @Test func `the log names no athlete`() async throws {
        let capture = LogCapture()
        try await SyncRig.with(world(), logger: capture.logger) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(.streams)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld()
            try await rig.eraser.erase(athlete, by: .operator)
            gate.open()
            _ = await turn.value
            try await rig.keeper.runOnce()
            #expect(capture.text.contains("athlete erased"))
            #expect(!capture.text.contains("\(athlete)"), "\(capture.text)")
        }
    }
}

extension SyncSettings {
    /// With Strava's zones of activities.
    fileprivate static var withZones: SyncSettings {
        var settings = SyncSettings()
        settings.fetchesActivityZones = true
        return settings
    }
}
