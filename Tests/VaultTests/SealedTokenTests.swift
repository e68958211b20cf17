import Core
import Foundation
import TestKit
import Testing

@testable import Vault

@Suite struct SealedTokenTests {
    private let athlete = AthleteID(227_615)
    private let token = Secret("0123456789abcdef0123456789abcdef01234567")

    @Test func `what was sealed opens again`() async throws {
        try await withKeyring { keyring in
            for text in ["x", token.reveal(), "ümläut", String(repeating: "t", count: 4096)] {
                let sealed = try SealedToken.seal(Secret(text), athlete: athlete, purpose: .access, keyring: keyring)
                #expect(sealed.keyID == "new")
                #expect(sealed.bytes.count == 1 + 12 + text.utf8.count + 16)
                #expect(try sealed.open(athlete: athlete, purpose: .access, keyring: keyring).reveal() == text)
            }
        }
    }

    @Test func `the same token is never sealed to the same bytes`() async throws {
        try await withKeyring { keyring in
            let sealed = try (0..<100).map { _ in
                try SealedToken.seal(token, athlete: athlete, purpose: .access, keyring: keyring).bytes
            }
            #expect(Set(sealed).count == 100)
            #expect(!sealed.contains { $0.count < 40 || String(decoding: $0, as: UTF8.self).contains(token.reveal()) })
        }
    }

    @Test func `a token of another athlete or purpose does not open`() async throws {
        try await withKeyring { keyring in
            let sealed = try SealedToken.seal(token, athlete: athlete, purpose: .access, keyring: keyring)
            let wrongs = [(AthleteID(227_616), TokenPurpose.access), (athlete, .refresh)]
            for (athlete, purpose) in wrongs {
                let error = #expect(throws: VaultError.self) {
                    try sealed.open(athlete: athlete, purpose: purpose, keyring: keyring)
                }
                #expect(error?.code == .unsealFailed)
            }
        }
    }

    @Test func `a seal with a single changed bit does not open`() async throws {
        try await withKeyring { keyring in
            let sealed = try SealedToken.seal(token, athlete: athlete, purpose: .refresh, keyring: keyring)
            for bit in 0..<sealed.bytes.count * 8 {
                var bytes = sealed.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                let changed = SealedToken(keyID: sealed.keyID, bytes: bytes)
                #expect(throws: VaultError.self) { try changed.open(athlete: athlete, purpose: .refresh, keyring: keyring) }
            }
        }
    }

    @Test func `a truncated seal does not open`() async throws {
        try await withKeyring { keyring in
            let sealed = try SealedToken.seal(token, athlete: athlete, purpose: .refresh, keyring: keyring)
            for count in 0..<sealed.bytes.count {
                let cut = SealedToken(keyID: sealed.keyID, bytes: Array(sealed.bytes.prefix(count)))
                #expect(throws: VaultError.self) { try cut.open(athlete: athlete, purpose: .refresh, keyring: keyring) }
            }
        }
    }

    @Test func `an old key opens what it sealed, a missing key is named`() async throws {
        try await withTemporaryFolder { folder in
            let files = KeyringFixture(folder: folder)
            let old = try files.keyring(KeyringFixture.line("old", 1))
            let both = try files.keyring(KeyringFixture.line("new", 2), KeyringFixture.line("old", 1))
            let new = try files.keyring(KeyringFixture.line("new", 2))
            let impostor = try files.keyring(KeyringFixture.line("old", 3))
            let sealed = try SealedToken.seal(token, athlete: athlete, purpose: .access, keyring: old)
            #expect(try sealed.open(athlete: athlete, purpose: .access, keyring: both) == token)
            let missing = #expect(throws: VaultError.self) {
                try sealed.open(athlete: athlete, purpose: .access, keyring: new)
            }
            #expect(missing?.code == .unknownKey && missing?.keyID == "old")
            let wrong = #expect(throws: VaultError.self) {
                try sealed.open(athlete: athlete, purpose: .access, keyring: impostor)
            }
            #expect(wrong?.code == .unsealFailed)
        }
    }

    @Test(arguments: ["", String(repeating: "t", count: 4097)])
    func `a text that can't be a token is not sealed`(text: String) async throws {
        try await withKeyring { keyring in
            let error = #expect(throws: VaultError.self) {
                try SealedToken.seal(Secret(text), athlete: athlete, purpose: .access, keyring: keyring)
            }
            #expect(error?.code == .unusableGrant)
        }
    }

    private func withKeyring(_ body: (Keyring) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try body(try KeyringFixture(folder: folder).keyring(KeyringFixture.line("new", 2)))
        }
    }
}
