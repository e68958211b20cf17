import Core
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Vault

@Suite struct AccessTokenTests {
    private let athlete = VaultFixture.athletes[0]

    @Test func `a stored token is handed out without asking Strava`() async throws {
        try await withVaultFixture { fixture in
            let grant = try await fixture.connect(athlete, to: try fixture.vault())
            // Another vault, which has nothing in memory.
            #expect(try await fixture.vault().accessToken(for: athlete) == grant.accessToken)
            #expect(fixture.refreshCount == 0)
        }
    }

    @Test func `a missing token is reported as such`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let error = await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            #expect(error?.code == .noToken)
        }
    }

    @Test func `a token is refreshed half an hour before it expires and not a second earlier`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault, expiresIn: 3600)
            fixture.clock.advance(by: .seconds(1799))
            #expect(try await vault.accessToken(for: athlete) == grant.accessToken)
            #expect(fixture.refreshCount == 0)
            fixture.clock.advance(by: .seconds(1))
            let token = try await vault.accessToken(for: athlete)
            #expect(token != grant.accessToken)
            #expect(fixture.refreshCount == 1)
            #expect(try await vault.accessToken(for: athlete) == token)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `the new pair is in the database before it is handed out`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 30)
            let token = try await vault.accessToken(for: athlete)
            let row = try await fixture.database.query(VaultQueries.row(of: athlete))
            let stored = try TokenRow(row[0])
            #expect(try stored.openAccess(fixture.keyrings.keyring(KeyringFixture.line("one", 1))) == token)
            #expect(stored.generation == 2 && stored.unanswered == 0)
            #expect(stored.accessExpiresAt == VaultFixture.start.addingTimeInterval(21_600))
            #expect(try await fixture.vault().accessToken(for: athlete) == token)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a hundred simultaneous requests cause one refresh`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            let tokens = try await withThrowingTaskGroup(of: Secret.self) { group in
                for _ in 0..<100 { group.addTask { try await vault.accessToken(for: athlete) } }
                return try await group.reduce(into: Set<Secret>()) { $0.insert($1) }
            }
            #expect(tokens.count == 1)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `many athletes refresh with few connections`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            for athlete in VaultFixture.athletes { try await fixture.connect(athlete, to: vault, expiresIn: 60) }
            let gate = fixture.simulator.gate(.token)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for athlete in VaultFixture.athletes { group.addTask { _ = try await vault.accessToken(for: athlete) } }
                await gate.waitForHeld(TokenVault.refreshesMax)
                // While all refresh slots are taken, the pool still has connections for others.
                #expect(try await fixture.database.query("SELECT 1").count == 1)
                #expect(gate.heldCount == TokenVault.refreshesMax)
                gate.open()
                try await group.waitForAll()
            }
            #expect(fixture.refreshCount == VaultFixture.athletes.count)
        }
    }

    @Test func `cancelling a caller does not cancel the refresh`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault, expiresIn: 60)
            let gate = fixture.simulator.gate(.token)
            let caller = Task { try await vault.accessToken(for: athlete) }
            await gate.waitForHeld()
            caller.cancel()
            gate.open()
            await vault.finish()
            let token = try await fixture.vault().accessToken(for: athlete)
            #expect(token != grant.accessToken)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a refused token is refreshed, the refusal of an older one changes nothing`() async throws {
        try await withVaultFixture { fixture in
            fixture.simulator.rotation = .always
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault)
            try await vault.reject(Secret("an older token"), for: athlete)
            #expect(try await vault.accessToken(for: athlete) == grant.accessToken)
            #expect(fixture.refreshCount == 0)
            try await vault.reject(grant.accessToken, for: athlete)
            _ = try await vault.accessToken(for: athlete)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a token refused in one vault is dropped by another when it gets a 401 itself`() async throws {
        try await withVaultFixture { fixture in
            let (first, second) = (try fixture.vault(), try fixture.vault())
            let grant = try await fixture.connect(athlete, to: first, expiresIn: 3600)
            #expect(try await second.accessToken(for: athlete) == grant.accessToken)
            try await first.reject(grant.accessToken, for: athlete)
            let token = try await first.accessToken(for: athlete)
            try await second.reject(grant.accessToken, for: athlete)
            #expect(try await second.accessToken(for: athlete) == token)
            #expect(fixture.refreshCount == 1)
        }
    }

    @Test func `a clock that is hours fast does not ask Strava for every call`() async throws {
        try await withVaultFixture { fixture in
            let fast = WallClock.manual(at: VaultFixture.start.addingTimeInterval(8 * 3600))
            let vault = try fixture.vault(clock: fast)
            try await fixture.connect(athlete, to: vault)
            for _ in 0..<10 { _ = try await vault.accessToken(for: athlete) }
            #expect(fixture.refreshCount == 1)
            fast.advance(by: .seconds(60))
            for _ in 0..<10 { _ = try await vault.accessToken(for: athlete) }
            #expect(fixture.refreshCount == 2)
        }
    }

    @Test func `a token taken for an erasure is nowhere else, and opens for that erasure alone`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault)
            _ = try await vault.accessToken(for: athlete)
            let erasure = UUID()
            for _ in 0..<2 { #expect(try await vault.take(athlete, for: erasure, tryAt: Date()) == .kept) }
            #expect(await vault.remembered.isEmpty)
            let other = UUID()
            try await fixture.database.query(
                """
                INSERT INTO vault.revocation
                SELECT \(other), key_id, sealed_refresh, keep_until, attempts, next_try_at FROM vault.revocation
                """)
            let moved = await #expect(throws: VaultError.self) { try await vault.revoke(other) }
            #expect(moved?.code == .unsealFailed)
            #expect(try await vault.revoke(UUID()) == nil)
            #expect(try await vault.revoke(erasure) == .revoked)
            let error = await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            #expect(error?.code == .noToken)
            #expect(try await fixture.database.query("SELECT FROM vault.token").isEmpty)
        }
    }
}

@Suite struct StoredAfterCommitTests {
    private let athlete = VaultFixture.athletes[0]

    @Test func `a new pair is used once it is committed, and never if it is rolled back`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let first = try await fixture.connect(athlete, to: vault)
            #expect(try await vault.accessToken(for: athlete) == first.accessToken)
            let issued = fixture.simulator.issueTokens(for: athlete, expiresIn: 21_600)
            let second = TokenGrant(
                accessToken: Secret(issued.accessToken), refreshToken: Secret(issued.refreshToken), expiresAt: issued.expiresAt,
                athleteID: athlete, scope: nil)
            await #expect(throws: RolledBack.self) {
                try await fixture.database.transaction { connection in
                    try await vault.store(second, for: athlete, on: connection)
                    throw RolledBack()
                }
            }
            #expect(await vault.holds(first.accessToken, for: athlete))
            try await fixture.database.transaction { connection in
                try await vault.store(second, for: athlete, on: connection)
                // While the transaction is open, the old token is still valid, but not remembered.
                #expect(try await vault.accessToken(for: athlete) == first.accessToken)
            }
            #expect(await vault.holds(first.accessToken, for: athlete) == false)
            #expect(try await vault.accessToken(for: athlete) == second.accessToken)
        }
    }

    @Test func `a token that expired while its holder waited no longer holds`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault)
            let token = try await vault.accessToken(for: athlete)
            #expect(await vault.holds(token, for: athlete) && token == grant.accessToken)
            fixture.clock.advance(by: .seconds(6 * 3600))
            #expect(await vault.holds(token, for: athlete) == false)
        }
    }

    @Test func `refreshes beyond the thousand that may wait are refused`() async throws {
        let slots = CountedSlots()
        #expect(await slots.acquire())
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<RefreshSlots.waitingMax + 3 {
                group.addTask { if await slots.acquire() { await slots.release() } }
            }
            try await eventually("all wait or were refused") { await slots.refusals == 3 }
            await slots.release()
        }
        #expect(await slots.refusals == 3)
        #expect(await slots.acquire())
    }
}

private actor CountedSlots {
    private var slots = RefreshSlots(countMax: 1)
    private(set) var refusals = 0

    func acquire() async -> Bool {
        let isAcquired = await withCheckedContinuation { slots.acquire($0) }
        if !isAcquired { refusals += 1 }
        return isAcquired
    }

    func release() { slots.release() }
}

private struct RolledBack: Error {}
