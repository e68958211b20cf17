import Core
import Database
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Vault

@Suite struct RotationTests {
    private static let one = KeyringFixture.line("one", 1)
    private static let two = KeyringFixture.line("two", 2)

    @Test func `all rows open and are counted by key`() async throws {
        try await withVaultFixture { fixture in
            let old = try fixture.vault(try fixture.keyrings.keyring(Self.one))
            for athlete in VaultFixture.athletes.prefix(4) { try await fixture.connect(athlete, to: old) }
            let both = try fixture.vault(try fixture.keyrings.keyring(Self.two, Self.one))
            for athlete in VaultFixture.athletes.suffix(2) { try await fixture.connect(athlete, to: both) }
            let report = try await fixture.rows(both).verify()
            #expect(report.isSound && report.activeKeyID == "two")
            #expect(report.rowCountByKeyID == ["one": 4, "two": 2])
            #expect(report.rowCount == 6 && report.staleCount == 4 && report.deadCount == 0)
        }
    }

    @Test func `an empty vault is sound`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            #expect(try await fixture.rows(vault).verify().rowCount == 0)
            #expect(try await fixture.rows(vault).reseal() == 0)
        }
    }

    @Test func `rows that don't open are named and the others counted`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault(try fixture.keyrings.keyring(Self.one))
            for athlete in VaultFixture.athletes { try await fixture.connect(athlete, to: vault) }
            let (moved, changed) = (VaultFixture.athletes[1], VaultFixture.athletes[2])
            _ = try await fixture.database.query(
                """
                UPDATE vault.token t SET sealed_refresh = o.sealed_refresh FROM vault.token o
                WHERE t.athlete_id = \(moved) AND o.athlete_id = \(VaultFixture.athletes[0])
                """)
            _ = try await fixture.database.query("UPDATE vault.token SET key_id = 'lost' WHERE athlete_id = \(changed)")
            let report = try await fixture.rows(vault).verify()
            #expect(!report.isSound && report.rowCount == 6 && report.valueCount == 12 && report.unopenedCount == 3)
            #expect(report.unopened.map(\.athlete) == [moved, changed, changed])
            #expect(report.unopened.map(\.value) == ["refresh_token", "access_token", "refresh_token"])
            #expect(report.unopened.map(\.code) == [.unsealFailed, .unknownKey, .unknownKey])
        }
    }

    @Test func `grants that are held, and tokens of erased athletes, are opened, too`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault(try fixture.keyrings.keyring(Self.one))
            let athlete = VaultFixture.athletes[0]
            let grant = try await fixture.connect(athlete, to: vault)
            let held = try await vault.hold(grant, of: athlete)
            for (state, bytes) in [([1], held.bytes), ([2], held.bytes.map { $0 ^ 1 })] as [([UInt8], [UInt8])] {
                _ = try await fixture.database.query(
                    """
                    INSERT INTO sync.connect_state (state_sha256, uid, link_id, link_expires_at, expires_at, browser_sha256, client, outcome,
                        held_key_id, held_grant)
                    VALUES (\(state), 'u', '\\x00', now(), now() + interval '1 minute', '\\x00', 'c', \(JSONText(#"{"athlete_id":101}"#)),
                        \(held.keyID), \(bytes))
                    """)
            }
            _ = try await fixture.database.query(
                """
                INSERT INTO vault.revocation (erasure_id, key_id, sealed_refresh, keep_until, next_try_at)
                VALUES (gen_random_uuid(), 'gone', '\\x01', now(), now())
                """)
            let report = try await fixture.rows(vault).verify()
            #expect(report.valueCount == 5 && report.unopenedCount == 2)
            #expect(report.unopened.map(\.value) == ["held_grant", "kept_token"])
            #expect(report.unopened.map(\.athlete) == [athlete, nil])
            #expect(report.unopened.map(\.code) == [.unsealFailed, .unknownKey])
        }
    }

    @Test func `after a rotation the old key is no longer needed`() async throws {
        try await withVaultFixture { fixture in
            let old = try fixture.vault(try fixture.keyrings.keyring(Self.one))
            var grants: [AthleteID: TokenGrant] = [:]
            for athlete in VaultFixture.athletes { grants[athlete] = try await fixture.connect(athlete, to: old) }
            let both = try fixture.vault(try fixture.keyrings.keyring(Self.two, Self.one))
            #expect(try await fixture.rows(both).reseal() == 6)
            #expect(try await fixture.rows(both).reseal() == 0)
            let new = try fixture.vault(try fixture.keyrings.keyring(Self.two))
            #expect(try await fixture.rows(new).verify().isSound)
            for (athlete, grant) in grants { #expect(try await new.accessToken(for: athlete) == grant.accessToken) }
            fixture.clock.advance(by: .seconds(21_600))
            _ = try await new.accessToken(for: VaultFixture.athletes[0])
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `an interrupted rotation continues where it stopped`() async throws {
        try await withVaultFixture { fixture in
            let old = try fixture.keyrings.keyring(Self.one)
            try await Self.fill(fixture, count: 450, keyring: old)
            let both = try fixture.vault(try fixture.keyrings.keyring(Self.two, Self.one))
            try await fixture.database.withConnection { connection in
                try await connection.execute(
                    """
                    CREATE FUNCTION vault.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by the test'; END $$;
                    CREATE TRIGGER refuse BEFORE UPDATE ON vault.token
                        FOR EACH ROW WHEN (NEW.athlete_id = 1300) EXECUTE FUNCTION vault.refuse();
                    """)
            }
            await #expect(throws: DatabaseError.self) { try await fixture.rows(both).reseal() }
            #expect(try await fixture.rows(both).verify().rowCountByKeyID == ["one": 250, "two": 200])
            try await fixture.database.withConnection { try await $0.execute("DROP TRIGGER refuse ON vault.token") }
            #expect(try await fixture.rows(both).reseal() == 250)
            let report = try await fixture.rows(both).verify()
            #expect(report.isSound && report.rowCountByKeyID == ["two": 450])
        }
    }

    @Test func `a row that does not open is left unchanged and the others are resealed`() async throws {
        try await withVaultFixture { fixture in
            try await Self.fill(fixture, count: 10, keyring: try fixture.keyrings.keyring(Self.one))
            _ = try await fixture.database.query("UPDATE vault.token SET sealed_access = '\\x00'::bytea WHERE athlete_id = 1003")
            let both = try fixture.vault(try fixture.keyrings.keyring(Self.two, Self.one))
            #expect(try await fixture.rows(both).reseal() == 9)
            let report = try await fixture.rows(both).verify()
            #expect(report.rowCountByKeyID == ["one": 1, "two": 9] && report.unopened.map(\.athlete) == [AthleteID(1003)])
        }
    }

    @Test func `a rotation and refreshes at the same time lose nothing`() async throws {
        try await withVaultFixture { fixture in
            let old = try fixture.vault(try fixture.keyrings.keyring(Self.one))
            for athlete in VaultFixture.athletes { try await fixture.connect(athlete, to: old, expiresIn: 60) }
            let both = try fixture.vault(try fixture.keyrings.keyring(Self.two, Self.one))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for athlete in VaultFixture.athletes { group.addTask { _ = try await both.accessToken(for: athlete) } }
                group.addTask { _ = try await fixture.rows(both).reseal() }
                try await group.waitForAll()
            }
            let report = try await fixture.rows(both).verify()
            #expect(report.isSound && report.rowCountByKeyID == ["two": 6])
            #expect(fixture.refreshCount == 6)
            let fresh = try fixture.vault(try fixture.keyrings.keyring(Self.two))
            for athlete in VaultFixture.athletes { _ = try await fresh.accessToken(for: athlete) }
            #expect(fixture.refreshCount == 6)
        }
    }

    /// Athletes 1001, 1002, … each with its own tokens.
    private static func fill(_ fixture: VaultFixture, count: Int, keyring: Keyring) async throws {
        let vault = try fixture.vault(keyring)
        try await fixture.database.transaction { connection in
            for number in 1...count {
                let athlete = AthleteID(Int64(1000 + number))
                let grant = TokenGrant(
                    accessToken: Secret("access \(number)"), refreshToken: Secret("refresh \(number)"),
                    expiresAt: fixture.clock.now.addingTimeInterval(21_600), athleteID: athlete, scope: nil)
                _ = try await connection.query("INSERT INTO sync.athlete (athlete_id) VALUES (\(athlete))")
                try await vault.store(grant, for: athlete, on: connection)
            }
        }
    }
}
