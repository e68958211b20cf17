import Foundation
import Glibc
import TestKit
import Testing

@testable import Vault

/// Changes of a keyring file, and reading it again.
@Suite struct KeyringChangeTests {
    private static let (one, two) = (KeyringFixture.line("one", 1), KeyringFixture.line("two", 2))

    @Test(arguments: ["# mine\n\(one)", one, String(one.dropLast()), "# mine\n\n\(one)# the end"])
    func `a key is added as the last, and nothing else of the file changes`(text: String) async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(text, mode: 0o400)
            let added = try Keyring.add(toFileAt: path)
            let keyring = try Keyring.load(path: path)
            #expect(keyring.keyIDs == ["one", added] && keyring.activeKeyID == "one")
            #expect(keyring.withKey("one") { Array($0) } == [UInt8](repeating: 1, count: 32))
            #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix(text))
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o400)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keyring"])
        }
    }

    @Test func `keys added at the same time are all there`() async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(Self.one)
            let added = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<12 { group.addTask { try Keyring.add(toFileAt: path) } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(added.count == 12)
            #expect(Set(try Keyring.load(path: path).keyIDs) == added.union(["one"]))
        }
    }

    @Test func `what a crash left of a change does not matter`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let path = try fixture.write(Self.one)
            _ = try fixture.write("half a li", name: "keyring.new")
            let added = try Keyring.add(toFileAt: path)
            #expect(try Keyring.load(path: path).keyIDs == ["one", added])
        }
    }

    @Test func `a file behind a symbolic link is changed, and the link stays`() async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(Self.one)
            let link = folder.appending(path: "link").path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            let added = try Keyring.add(toFileAt: link)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
            #expect(try Keyring.load(path: path).keyIDs == ["one", added])
        }
    }

    @Test func `a change that is refused leaves the file as it was`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let full = (0..<64).map { KeyringFixture.line("k\($0)", UInt8($0)) }.joined()
            for (text, code) in [(full, KeyringError.Code.full), ("nonsense\n", .malformed), ("", .empty)] {
                let path = try fixture.write(text)
                let error = #expect(throws: KeyringError.self) { try Keyring.add(toFileAt: path) }
                #expect(error?.code == code)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
            let path = try fixture.write(Self.one)
            try FileManager.default.createDirectory(atPath: path + ".new", withIntermediateDirectories: false)
            let error = #expect(throws: KeyringError.self) { try Keyring.add(toFileAt: path) }
            #expect(error?.code == .notWritable)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == Self.one)
        }
    }

    @Test func `a retired key opens nothing, its tags are still good, and the file as it was is kept`() async throws {
        try await withTemporaryFolder { folder in
            let text = "# mine\n\(Self.one)\(Self.two)"
            let path = try KeyringFixture(folder: folder).write(text)
            let keyring = try Keyring.load(path: path)
            let tag = keyring.sign(.erasure, [7])
            let kept = try Keyring.retire("one", inFileAt: path)
            let retired = try Keyring.load(path: path)
            #expect(retired.keyIDs == ["two"] && retired.retiredKeyIDs == ["one"] && retired.activeKeyID == "two")
            #expect(retired.withKey("one") { $0.count } == nil)
            #expect(retired.verify(.erasure, [7], tag) && retired.tags(.erasure, [7]).contains(tag))
            #expect(retired.fingerprint(of: "one") == keyring.fingerprint(of: "one"))
            let oldKey = Data(repeating: 1, count: 32).base64EncodedString()
            #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(oldKey))
            #expect(try String(contentsOfFile: kept, encoding: .utf8) == text)
            #expect(try FileManager.default.attributesOfItem(atPath: kept)[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func `only a key that is there, and not the last, can be retired`() async throws {
        try await withTemporaryFolder { folder in
            let path = try KeyringFixture(folder: folder).write(Self.one)
            #expect(throws: KeyringError(.lastKey, path: path, detail: "one")) { try Keyring.retire("one", inFileAt: path) }
            #expect(throws: KeyringError(.unknownKey, path: path, detail: "nine")) { try Keyring.retire("nine", inFileAt: path) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keyring"])
        }
    }

    @Test func `a file read again brings new keys, and takes away only those that nothing needs`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let keyring = try fixture.keyring(Self.one)
            _ = try fixture.write(Self.two + Self.one)
            try keyring.reload(needing: [])
            #expect(keyring.keyIDs == ["two", "one"] && keyring.activeKeyID == "one", "another key seals only when it is told to")
            #expect(keyring.activate("two") && keyring.activeKeyID == "two")
            _ = try fixture.write(Self.two)
            #expect(throws: KeyringError(.keyLost, path: keyring.path, detail: "one")) { try keyring.reload(needing: ["one"]) }
            #expect(keyring.keyIDs == ["two", "one"])
            try keyring.reload(needing: ["two"])
            #expect(keyring.keyIDs == ["two"] && !keyring.activate("one") && keyring.activeKeyID == "two")
        }
    }

    @Test(arguments: [("", KeyringError.Code.empty), ("two", .malformed), (KeyringFixture.line("one", 9), .otherKey)])
    func `a file that can't be used changes nothing when it is read again`(text: String, code: KeyringError.Code) async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let keyring = try fixture.keyring(Self.one)
            _ = try fixture.write(text)
            let error = #expect(throws: KeyringError.self) { try keyring.reload(needing: []) }
            #expect(error?.code == code)
            #expect(keyring.withKey("one") { Array($0) } == [UInt8](repeating: 1, count: 32))
        }
    }
}
