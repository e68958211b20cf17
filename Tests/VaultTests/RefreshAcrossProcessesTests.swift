import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Vault

/// Two processes on one database, and processes that end in the middle.
@Suite struct RefreshAcrossProcessesTests {
    private let athlete = VaultFixture.athletes[0]

    @Test func `two vaults on one database refresh once`() async throws {
        try await withVaultFixture { fixture in
            let other = Database(url: fixture.databaseURL, logger: quietLogger)
            let (first, second) = (try fixture.vault(), try fixture.vault(database: other))
            let grant = try await fixture.connect(athlete, to: first, expiresIn: 60)
            let gate = fixture.simulator.gate(.token)
            async let firstToken = first.accessToken(for: athlete)
            await gate.waitForHeld()
            async let secondToken = second.accessToken(for: athlete)
            try await eventually("the second waits for the first's lock") {
                let waiting = try await fixture.database.query(
                    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
                return waiting.count == 1
            }
            gate.open()
            let tokens = try await [firstToken, secondToken]
            #expect(tokens[0] == tokens[1] && tokens[0] != grant.accessToken)
            #expect(fixture.refreshCount == 1)
            await other.close()
        }
    }

    @Test func `many vaults and athletes at once still refresh each once`() async throws {
        try await withVaultFixture { fixture in
            let databases = (0..<3).map { _ in Database(url: fixture.databaseURL, connectionsMax: 4, logger: quietLogger) }
            let vaults = try databases.map { try fixture.vault(database: $0) }
            for athlete in VaultFixture.athletes { try await fixture.connect(athlete, to: vaults[0], expiresIn: 60) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for athlete in VaultFixture.athletes {
                    for vault in vaults { group.addTask { _ = try await vault.accessToken(for: athlete) } }
                }
                try await group.waitForAll()
            }
            #expect(fixture.refreshCount == VaultFixture.athletes.count)
            for database in databases { await database.close() }
        }
    }

    @Test func `the new pair survives a connection that breaks while Strava answers`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault, expiresIn: 60)
            let gate = fixture.simulator.gate(.token)
            async let asked = vault.accessToken(for: athlete)
            await gate.waitForHeld()
            let ended = try await fixture.database.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction'
                """)
            #expect(ended.count == 1)
            gate.open()
            let token = try await asked
            #expect(token != grant.accessToken)
            #expect(try await fixture.vault().accessToken(for: athlete) == token)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a pair that could not be committed is kept, not handed out, and committed later`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            try await Self.refuseCommits(fixture.database)
            for _ in 0..<2 {
                await #expect(throws: DatabaseError.self) { try await vault.accessToken(for: athlete) }
            }
            #expect(fixture.refreshCount == 1)
            try await Self.allowCommits(fixture.database)
            let token = try await vault.accessToken(for: athlete)
            #expect(try await fixture.vault().accessToken(for: athlete) == token)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `an uncommitted pair is committed when the daemon stops`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            try await Self.refuseCommits(fixture.database)
            await #expect(throws: DatabaseError.self) { try await vault.accessToken(for: athlete) }
            try await Self.allowCommits(fixture.database)
            await vault.finish()
            _ = try await fixture.vault().accessToken(for: athlete)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a process killed between answer and commit loses the grant, and the reason says so`() async throws {
        try await withVaultFixture { fixture in
            let killed = try fixture.vault()
            try await fixture.connect(athlete, to: killed, expiresIn: 60)
            try await Self.refuseCommits(fixture.database)
            await #expect(throws: DatabaseError.self) { try await killed.accessToken(for: athlete) }
            try await Self.allowCommits(fixture.database)
            let next = try fixture.vault()
            let error = await #expect(throws: VaultError.self) { try await next.accessToken(for: athlete) }
            #expect(error?.code == .refreshTokenDead)
            #expect(try await fixture.state(of: athlete).reason == DeadReason.refreshAnswerLost.sentence)
            // The killed process returns after all (it was only cut off): its pair is the valid one.
            _ = try await killed.accessToken(for: athlete)
            #expect(try await fixture.state(of: athlete).state == "active")
            #expect(fixture.refreshCount == 2)
        }
    }

    @Test func `an athlete who connects while the old grant is marked dead stays connected`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            _ = try await fixture.database.query(
                VaultQueries.markDead(athlete, generation: 1, reason: .refreshTokenInvalid, at: fixture.clock.now))
            let issued = fixture.simulator.issueTokens(for: athlete)
            let grant = TokenGrant(
                accessToken: Secret(issued.accessToken), refreshToken: Secret(issued.refreshToken), expiresAt: issued.expiresAt,
                athleteID: athlete, scope: nil)
            let other = try fixture.vault()
            let announcement = try await fixture.database.transaction { connection in
                _ = try await connection.query("UPDATE sync.athlete SET state = 'active' WHERE athlete_id = \(athlete)")
                // Sets the state after the dead token that it has read, and waits for this transaction's row.
                let announcement = Task { try await other.accessToken(for: athlete) }
                try await eventually("the announcement waits for the athlete's row") {
                    let waiting = try await fixture.database.query(
                        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
                    return waiting.count == 1
                }
                try await vault.store(grant, for: athlete, on: connection)
                return announcement
            }
            await #expect(throws: VaultError.self) { try await announcement.value }
            #expect(try await fixture.state(of: athlete).state == "active")
            #expect(try await other.accessToken(for: athlete) == grant.accessToken)
        }
    }

    /// PostgreSQL then refuses each commit that stored a new pair.
    private static func refuseCommits(_ database: Database) async throws {
        try await database.withConnection { connection in
            try await connection.execute(
                """
                CREATE FUNCTION vault.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by the test'; END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON vault.token DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW WHEN (NEW.generation <> OLD.generation) EXECUTE FUNCTION vault.refuse();
                """)
        }
    }

    private static func allowCommits(_ database: Database) async throws {
        try await database.withConnection { try await $0.execute("DROP TRIGGER refuse ON vault.token; DROP FUNCTION vault.refuse();") }
    }
}
