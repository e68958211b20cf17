import Core
import Foundation
import TestKit
import Testing

@testable import Vault

/// Whether the keyring is the one that sealed the stored tokens.
@Suite struct KeyringTrialTests {
    private static let (one, other) = (KeyringFixture.line("one", 1), KeyringFixture.line("other", 2))

    private func refusal(_ lines: String..., stored: Int = 3, change: (VaultFixture) async throws -> Void = { _ in }) async throws
        -> (code: KeyringError.Code?, sentence: String, warning: String?)
    {
        var found: (KeyringError.Code?, String, String?)?
        try await withVaultFixture { fixture in
            for athlete in VaultFixture.athletes.prefix(stored) { try await fixture.connect(athlete, to: try fixture.vault()) }
            try await change(fixture)
            let trial = try await KeyringTrial.run(try fixture.keyrings.keyring(lines.joined()), on: fixture.database)
            let refusal = trial.refusal(path: "/k")
            found = (refusal?.code, refusal.map { "\($0)" } ?? "", trial.warning)
        }
        return try #require(found)
    }

    @Test func `the keyring that sealed the tokens is accepted`() async throws {
        let found = try await refusal(Self.other, Self.one)
        #expect(found.code == nil && found.warning == nil)
        #expect(try await refusal(Self.other, stored: 0).code == nil, "nothing is stored")
    }

    @Test(arguments: [1, 3])
    func `another keyring is refused, and no athlete is asked to reconnect`(stored: Int) async throws {
        let found = try await refusal(Self.other, stored: stored)
        #expect(found.code == .opensNothing)
        #expect(found.sentence.contains("restore the right file") && !found.sentence.contains("connect"))
    }

    @Test(arguments: [1, 3])
    func `a key of the same name with other bytes is refused`(stored: Int) async throws {
        let found = try await refusal(KeyringFixture.line("one", 9), stored: stored)
        #expect(found.code == .otherKey && found.sentence.contains("one"))
        #expect(!found.sentence.contains("connect"))
    }

    @Test func `an old key with other bytes is refused though the new one opens its tokens`() async throws {
        let found = try await refusal(Self.other, KeyringFixture.line("one", 9)) { fixture in
            let vault = try fixture.vault(try fixture.keyrings.keyring(Self.other))
            try await fixture.connect(VaultFixture.athletes[4], to: vault)
        }
        #expect(found.code == .otherKey)
    }

    @Test func `a key missing for some tokens causes a warning`() async throws {
        let found = try await refusal(Self.one) { fixture in
            let vault = try fixture.vault(try fixture.keyrings.keyring(Self.other))
            try await fixture.connect(VaultFixture.athletes[4], to: vault)
        }
        #expect(found.code == nil)
        #expect(found.warning?.contains("1 stored tokens are sealed with the key other") == true)
    }

    @Test func `one changed row is not a wrong keyring, and dead rows are ignored`() async throws {
        let changed = try await refusal(Self.one) { fixture in
            try await fixture.database.query(
                "UPDATE vault.token SET sealed_access = '\\x0102' WHERE athlete_id = \(VaultFixture.athletes[0])")
        }
        #expect(changed.code == nil && changed.warning?.contains("1 don't open") == true)
        let dead = try await refusal(Self.other, stored: 1) { fixture in
            try await fixture.database.query("UPDATE vault.token SET dead_at = now(), dead_reason = 'refresh_token_invalid'")
        }
        #expect(dead.code == nil && dead.warning == nil)
    }
}
