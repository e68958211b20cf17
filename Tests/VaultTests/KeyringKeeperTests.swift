import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Vault

/// Rotations with one and with several instances, and what a crash leaves of them.
@Suite struct KeyringKeeperTests {
    private static let (one, two) = (KeyringFixture.line("one", 1), KeyringFixture.line("two", 2))

    /// One `fitnessd`, as far as its keyring goes.
    private struct Instance {
        let keyring: Keyring
        let keeper: KeyringKeeper
        let vault: TokenVault
        let id: UUID
    }

    /// - Parameter name: the host, and the name of its keyring file; two instances may share one.
    private func instance(_ fixture: VaultFixture, _ name: String, file: String? = nil, lines: String? = nil, id: UUID = UUID())
        async throws
        -> Instance
    {
        let path = fixture.keyrings.folder.appending(path: file ?? name).path
        if let lines { _ = try fixture.keyrings.write(lines, name: file ?? name) }
        let keyring = try Keyring.load(path: path)
        let keeper = KeyringKeeper(
            database: fixture.database, keyring: keyring, instance: id, host: name, clock: fixture.clock, logger: quietLogger)
        try await keeper.register()
        return Instance(keyring: keyring, keeper: keeper, vault: try fixture.vault(keyring), id: id)
    }

    private func state(_ fixture: VaultFixture) async throws -> KeyringState { try await KeyringState.read(fixture.database) }

    private func file(_ fixture: VaultFixture, _ name: String) throws -> KeySet {
        try KeyringFile(path: fixture.keyrings.folder.appending(path: name).path).load()
    }

    private func connectAll(_ fixture: VaultFixture, to vault: TokenVault) async throws {
        for athlete in VaultFixture.athletes { try await fixture.connect(athlete, to: vault) }
    }

    @Test func `a rotation adds a key, reseals all tokens and retires the old key`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one)
            try await connectAll(fixture, to: a.vault)
            let rotation = try await a.keeper.rotate()
            #expect(rotation.isKeyNew && rotation.lacking.isEmpty && rotation.keyID != "one")
            try await a.keeper.runOnce()
            let state = try await state(fixture)
            #expect(state.sealingKeyID == rotation.keyID && state.resealedAt != nil)
            #expect(state.keys.map(\.rowCount) == [0, 6] && state.keys[0].retiredAt != nil)
            #expect(a.keyring.keyIDs == [rotation.keyID] && a.keyring.retiredKeyIDs == ["one"])
            #expect(try await a.keeper.verify().isSound)
            // With the file as it is now.
            let next = try await instance(fixture, "a", id: a.id)
            #expect(try await next.keeper.verify().isSound && next.keyring.activeKeyID == rotation.keyID)
            for athlete in VaultFixture.athletes { _ = try await next.vault.accessToken(for: athlete) }
            #expect(fixture.refreshCount == 0)
        }
    }

    @Test func `a key that was added before is taken, and a second rotation takes a third key`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one + Self.two)
            try await connectAll(fixture, to: a.vault)
            #expect(try await state(fixture).keys.allSatisfy { $0.retiredAt == nil })
            #expect(try await a.keeper.rotate() == .init(keyID: "two", isKeyNew: false, lacking: []))
            #expect(try await a.keeper.rotate() == .init(keyID: "two", isKeyNew: false, lacking: []), "it is under way")
            try await a.keeper.runOnce()
            #expect(a.keyring.keyIDs == ["two"])
            let again = try await a.keeper.rotate()
            #expect(again.isKeyNew)
            try await a.keeper.runOnce()
            #expect(a.keyring.keyIDs == [again.keyID] && a.keyring.retiredKeyIDs == ["one", "two"])
            #expect(try await a.keeper.verify().rowCountByKeyID == [again.keyID: 6])
        }
    }

    @Test func `two requests at once begin one rotation`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one)
            let b = try await instance(fixture, "b", file: "a")
            try await connectAll(fixture, to: a.vault)
            async let first = a.keeper.rotate()
            async let second = a.keeper.rotate()
            let begun = try await [first, second]
            #expect(begun[0].keyID == begun[1].keyID)
            #expect(begun[0].lacking.map(\.host) == ["b"], "it has not read the file yet")
            try await b.keeper.runOnce()
            async let third = a.keeper.rotate()
            async let fourth = b.keeper.rotate()
            #expect(Set(try await [third.keyID, fourth.keyID]) == [begun[0].keyID])
            #expect(try file(fixture, "a").keyIDs == ["one", begun[0].keyID])
        }
    }

    @Test func `no key seals before every instance holds it, and the one without is named`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a.example", lines: Self.one)
            let b = try await instance(fixture, "b.example", lines: Self.one)
            try await connectAll(fixture, to: b.vault)
            let refused = try await a.keeper.rotate()
            #expect(refused.lacking.map(\.host) == ["b.example"] && refused.lacking.map(\.id) == [b.id])
            try await a.keeper.runOnce()
            #expect(try await state(fixture).sealingKeyID == "one")
            #expect(try await a.keeper.verify().rowCountByKeyID == ["one": 6])
            #expect(try await a.keeper.rotate() == .init(keyID: refused.keyID, isKeyNew: false, lacking: refused.lacking), "no third key")
            // The operator copies the file; b reads it.
            let text = try String(contentsOfFile: a.keyring.path, encoding: .utf8)
            _ = try fixture.keyrings.write(text, name: "b.example")
            try await b.keeper.runOnce()
            #expect(try await a.keeper.rotate().lacking.isEmpty)
            // b has not been told yet, and seals with the new key all the same.
            #expect(b.keyring.activeKeyID == "one")
            try await fixture.connect(VaultFixture.athletes[0], to: b.vault)
            #expect(try await a.keeper.verify().rowCountByKeyID == ["one": 5, refused.keyID: 1])
            try await b.keeper.runOnce()
            #expect(try await b.keeper.verify().rowCountByKeyID == [refused.keyID: 6])
            #expect(b.keyring.retiredKeyIDs == ["one"])
            try await a.keeper.runOnce()
            #expect(a.keyring.retiredKeyIDs == ["one"])
        }
    }

    @Test func `an instance that was stopped or died long ago keeps no rotation waiting, and is refused without the key`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one + Self.two)
            try await connectAll(fixture, to: a.vault)
            let b = try await instance(fixture, "b", lines: Self.one)
            #expect(try await a.keeper.rotate().lacking.count == 1)
            _ = try await fixture.database.query(
                "UPDATE vault.instance SET seen_at = now() - interval '601 seconds' WHERE instance_id = \(b.id)")
            #expect(try await a.keeper.rotate().lacking.isEmpty)
            try await a.keeper.runOnce()
            let error = await #expect(throws: KeyringError.self) { try await b.keeper.register() }
            #expect(error?.code == .lacksSealingKey && error?.detail == "two")
            let trial = try await KeyringTrial.run(b.keyring, on: fixture.database)
            #expect(trial.refusal(path: "/k") != nil)
            // A frozen process wakes up: what it can't seal as all others do, it does not store.
            await #expect(throws: VaultError.self) { try await fixture.connect(VaultFixture.athletes[0], to: b.vault) }
            #expect(try await a.keeper.verify().isSound)
        }
    }

    /// No row of athlete 103 can be resealed, and no key retired.
    private static let refusals = """
        CREATE FUNCTION vault.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by the test'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON vault.token FOR EACH ROW WHEN (NEW.athlete_id = 103) EXECUTE FUNCTION vault.refuse();
        CREATE TRIGGER refuse BEFORE UPDATE ON vault.key
            FOR EACH ROW WHEN (NEW.retired_at IS NOT NULL) EXECUTE FUNCTION vault.refuse();
        """

    @Test func `a rotation goes on after a crash between any two steps`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one)
            try await connectAll(fixture, to: a.vault)
            // A key was added, and nothing else happened.
            let added = try Keyring.add(toFileAt: a.keyring.path)
            var next = try await instance(fixture, "a", id: a.id)
            #expect(try await next.keeper.rotate() == .init(keyID: added, isKeyNew: false, lacking: []))
            // The key seals, and no row was resealed; then some were.
            try await fixture.database.withConnection { try await $0.execute(Self.refusals) }
            next = try await instance(fixture, "a", id: a.id)
            await #expect(throws: DatabaseError.self) { try await next.keeper.runOnce() }
            #expect(try await state(fixture).resealedAt == nil)
            #expect(try await next.keeper.rotate().keyID == added, "no other rotation is begun")
            try await fixture.database.withConnection { try await $0.execute("DROP TRIGGER refuse ON vault.token") }
            next = try await instance(fixture, "a", id: a.id)
            // All are resealed, and the old key is not retired.
            await #expect(throws: DatabaseError.self) { try await next.keeper.runOnce() }
            #expect(try await state(fixture).keys.map(\.rowCount) == [0, 6])
            // It is retired, and the file still has it.
            try await fixture.database.withConnection { try await $0.execute("DROP TRIGGER refuse ON vault.key") }
            try FileManager.default.createDirectory(atPath: a.keyring.path + ".new", withIntermediateDirectories: false)
            next = try await instance(fixture, "a", id: a.id)
            try await next.keeper.runOnce()
            #expect(try await state(fixture).keys[0].retiredAt != nil)
            #expect(try file(fixture, "a").keyIDs == ["one", added])
            try FileManager.default.removeItem(atPath: a.keyring.path + ".new")
            next = try await instance(fixture, "a", id: a.id)
            try await next.keeper.runOnce()
            #expect(try file(fixture, "a").keyIDs == [added] && file(fixture, "a").retiredKeyIDs == ["one"])
            #expect(try await next.keeper.verify().rowCountByKeyID == [added: 6])
        }
    }

    @Test func `a row that does not open keeps its key from being retired, and no other rotation from being made`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one + Self.two)
            try await connectAll(fixture, to: a.vault)
            try await fixture.database.query("UPDATE vault.token SET sealed_access = '\\x00' WHERE athlete_id = 103")
            _ = try await a.keeper.rotate()
            try await a.keeper.runOnce()
            #expect(a.keyring.keyIDs == ["one", "two"])
            #expect(try await a.keeper.verify().unopened.map(\.value) == ["access_token"])
            let again = try await a.keeper.rotate()
            #expect(again.isKeyNew)
            try await a.keeper.runOnce()
            #expect(a.keyring.keyIDs == ["one", again.keyID] && a.keyring.retiredKeyIDs == ["two"])
            // The athlete connects again: nothing needs the first key any more.
            try await fixture.connect(AthleteID(103), to: a.vault)
            try await a.keeper.runOnce()
            #expect(a.keyring.keyIDs == [again.keyID])
        }
    }

    @Test func `without a right to write the file the rotation says so, and goes on with a key that somebody else added`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one)
            try await connectAll(fixture, to: a.vault)
            let obstacle = a.keyring.path + ".new"
            try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
            let error = await #expect(throws: KeyringError.self) { try await a.keeper.rotate() }
            #expect(error?.code == .notWritable)
            #expect(try await state(fixture).sealingKeyID == "one")
            _ = try fixture.keyrings.write(Self.one + Self.two, name: "a")
            #expect(try await a.keeper.rotate().keyID == "two")
            try await a.keeper.runOnce()
            #expect(try await state(fixture).keys.first { $0.keyID == "one" }?.retiredAt != nil)
            #expect(a.keyring.keyIDs == ["one", "two"], "the file still has both")
        }
    }

    @Test func `a keyring made anew is taken while nothing is stored, and refused afterwards`() async throws {
        try await withVaultFixture { fixture in
            let id = UUID()
            _ = try await instance(fixture, "a", lines: Self.one, id: id)
            _ = try await instance(fixture, "a", lines: KeyringFixture.line("one", 9), id: id)
            let a = try await instance(fixture, "a", lines: Self.two, id: id)
            #expect(try await state(fixture).sealingKeyID == "two")
            try await connectAll(fixture, to: a.vault)
            for (lines, code) in [(KeyringFixture.line("two", 9), KeyringError.Code.otherKey), (Self.one, .lacksSealingKey)] {
                let error = await #expect(throws: KeyringError.self) { _ = try await instance(fixture, "a", lines: lines, id: id) }
                #expect(error?.code == code)
            }
        }
    }

    @Test func `a second instance with another key of the same name, or without the key that seals, is refused`() async throws {
        try await withVaultFixture { fixture in
            _ = try await instance(fixture, "a", lines: Self.one)
            let other = await #expect(throws: KeyringError.self) {
                _ = try await instance(fixture, "b", lines: KeyringFixture.line("one", 9))
            }
            #expect(other?.code == .otherKey)
            let lacking = await #expect(throws: KeyringError.self) { _ = try await instance(fixture, "b", lines: Self.two) }
            #expect(lacking?.code == .lacksSealingKey)
            #expect(try await state(fixture).instances.map(\.host) == ["a"])
        }
    }

    @Test func `a keyring with the keys of all tokens, but without the one that seals, is refused at the start`() async throws {
        try await withVaultFixture { fixture in
            let a = try await instance(fixture, "a", lines: Self.one + Self.two)
            try await connectAll(fixture, to: a.vault)
            _ = try await a.keeper.rotate()
            let trial = try await KeyringTrial.run(try fixture.keyrings.keyring(Self.one), on: fixture.database)
            #expect(trial.refusal(path: "/k")?.code == .lacksSealingKey)
        }
    }
}
