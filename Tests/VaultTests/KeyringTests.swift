import Foundation
import Glibc
import TestKit
import Testing

@testable import Vault

@Suite struct KeyringTests {
    @Test func `a new keyring can't be read by others and loads`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "new-keyring").path
            try Keyring.create(path: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let keyring = try Keyring.load(path: path)
            #expect(keyring.keyIDs == [keyring.activeKeyID])
            let key = keyring.withKey(keyring.activeKeyID) { Array($0) }
            #expect(key?.count == 32)
            #expect(Set(key ?? []).count > 8)
        }
    }

    @Test func `two new keyrings differ`() async throws {
        try await withTemporaryFolder { folder in
            let paths = ["a", "b"].map { folder.appending(path: $0).path }
            for path in paths { try Keyring.create(path: path) }
            let keys = try paths.map { path in
                let keyring = try Keyring.load(path: path)
                return keyring.withKey(keyring.activeKeyID) { Array($0) }
            }
            #expect(keys[0] != keys[1])
        }
    }

    @Test func `creating a keyring never replaces a file`() async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write("precious")
            #expect(throws: KeyringError(.exists, path: path)) { try Keyring.create(path: path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        }
    }

    @Test func `a keyring that can't be created says why`() async throws {
        let path = "/proc/no-such-folder/keyring"
        let error = #expect(throws: KeyringError.self) { try Keyring.create(path: path) }
        #expect(error?.code == .notWritable)
    }

    @Test func `the first key seals, the others are kept in order`() async throws {
        try await withTemporaryFolder { folder in
            let text = "# new key of May\n\n" + KeyringFixture.line("2026-05", 5) + "  " + KeyringFixture.line("old.key_1", 1)
            let keyring = try KeyringFixture(folder: folder).keyring(text)
            #expect(keyring.activeKeyID == "2026-05")
            #expect(keyring.keyIDs == ["2026-05", "old.key_1"])
            #expect(keyring.withKey("2026-05") { Array($0) } == [UInt8](repeating: 5, count: 32))
            #expect(keyring.withKey("old.key_1") { Array($0) } == [UInt8](repeating: 1, count: 32))
            #expect(keyring.withKey("unknown") { $0.count } == nil)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o602, 0o601, 0o644])
    func `a keyring that others can open is refused`(mode: Int) async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(KeyringFixture.line("a", 1), mode: mode)
            let error = #expect(throws: KeyringError.self) { try Keyring.load(path: path) }
            #expect(error?.code == .wrongPermissions)
            #expect(error?.description.contains("chmod 600") == true)
        }
    }

    @Test func `only a file of the user or of root is accepted`() {
        let access = { (owner: uid_t, user: uid_t) in
            KeyringAccess(owner: owner, mode: 0o600, user: user, isCredential: false).refusal
        }
        #expect(access(1000, 1000) == nil && access(0, 1000) == nil && access(0, 0) == nil)
        #expect(access(1001, 1000) == .wrongOwner && access(1000, 0) == .wrongOwner)
    }

    @Test func `only a credential protected by systemd may be group-readable`() {
        let access = { (owner: uid_t, mode: mode_t, isCredential: Bool) in
            KeyringAccess(owner: owner, mode: mode, user: 1000, isCredential: isCredential).refusal
        }
        #expect(access(0, 0o440, true) == nil && access(0, 0o400, true) == nil && access(1000, 0o400, true) == nil)
        #expect(access(0, 0o440, false) == .wrongPermissions && access(1000, 0o440, true) == .wrongPermissions)
        #expect(access(0, 0o444, true) == .wrongPermissions && access(0, 0o460, true) == .wrongPermissions)
    }

    @Test(arguments: [
        ("", KeyringError.Code.empty), ("# only a comment\n\n", .empty),
        ("a\n", .malformed), ("a b c\n", .malformed), ("a AAAA\n", .malformed), ("sp/ace \(zeroKey)\n", .malformed),
        ("\(String(repeating: "x", count: 33)) \(zeroKey)\n", .malformed), ("a \(zeroKey)A\n", .malformed),
        ("a \(zeroKey.dropLast())\n", .malformed), ("a \(zeroKey.dropLast(2))B=\n", .malformed),
        ("a *\(zeroKey.dropFirst())\n", .malformed),
        ("a \(zeroKey)\na \(zeroKey)\n", .duplicate), (String(repeating: "#", count: 70_000), .tooLarge),
        ((0..<65).map { "k\($0) \(zeroKey)\n" }.joined(), .tooLarge),
    ])
    func `a keyring that is not as documented is refused`(text: String, code: KeyringError.Code) async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(text)
            let error = #expect(throws: KeyringError.self) { try Keyring.load(path: path) }
            #expect(error?.code == code)
        }
    }

    @Test func `an error names the line and shows none of its content`() async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(KeyringFixture.line("a", 1) + "secretish AAAAsecret\n")
            let error = #expect(throws: KeyringError.self) { try Keyring.load(path: path) }
            #expect(error?.description.contains("line 2") == true)
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test func `a missing file and a folder are refused with a message`() async throws {
        try await withTemporaryFolder { folder in
            let missing = #expect(throws: KeyringError.self) { try Keyring.load(path: folder.path + "/none") }
            #expect(missing?.code == .unreadable)
            #expect(missing?.description.contains("fitnessd keygen") == true)
            let isFolder = #expect(throws: KeyringError.self) { try Keyring.load(path: folder.path) }
            #expect(isFolder?.code == .notAFile)
        }
    }

    /// 32 zero bytes.
    private static let zeroKey = Data(repeating: 0, count: 32).base64EncodedString()
}
