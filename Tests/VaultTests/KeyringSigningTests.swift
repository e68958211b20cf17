import TestKit
import Testing

@testable import Vault

@Suite struct KeyringSigningTests {
    /// Tags made with Python's `hmac` and with `openssl dgst -mac HMAC`, under a key whose 32 bytes are all 1.
    @Test(
        arguments: [
            (SigningPurpose.connectLink, [], "08a21b5b2aba429a2d1f323a3e4ee5e8c11d9909478e6f2afdec0e613ab0c323"),
            (.connectLink, Array("message".utf8), "249dc8ccaea0c9329d300613204b7d078adcd5a0225567290afa843dd9751dac"),
            (.connectLink, Array(0...255), "e0a4095bc816c36d3ee7dd6959de2551574382595d620e492c6edf8e1d1e3f3f"),
            (.erasure, Array("message".utf8), "4ef66d70d633210937b3c06cfdb688e3dba47aace0050b17ed9a2a6fe9492bf6"),
            (.reader, Array("message".utf8), "b85579f49b8202dcb5bd4fe5e0bbf0ae6e347d9320e0c38f0436ef0755908f0a"),
        ] as [(SigningPurpose, [UInt8], String)])
    func `a tag is the HMAC under the key derived for its purpose`(purpose: SigningPurpose, message: [UInt8], tag: String) async throws {
        try await withTemporaryFolder { folder in
            let keyring = try KeyringFixture(folder: folder).keyring(KeyringFixture.line("one", 1))
            #expect(hex(keyring.sign(purpose, message)) == tag)
        }
    }

    @Test func `a tag is good for its purpose, its message and its key only`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let one = try fixture.keyring(KeyringFixture.line("one", 1))
            let two = try fixture.keyring(KeyringFixture.line("one", 2))
            let message = Array("athlete 101".utf8)
            for purpose in SigningPurpose.allCases {
                let tag = one.sign(purpose, message)
                #expect(one.verify(purpose, message, tag))
                #expect(!two.verify(purpose, message, tag))
                #expect(!one.verify(purpose, message + [0], tag))
                for other in SigningPurpose.allCases where other != purpose { #expect(!one.verify(other, message, tag)) }
            }
        }
    }

    @Test func `a tag that is changed, cut or extended is refused`() async throws {
        try await withTemporaryFolder { folder in
            let keyring = try KeyringFixture(folder: folder).keyring(KeyringFixture.line("one", 1))
            let tag = keyring.sign(.connectLink, [1, 2, 3])
            #expect(tag.count == Keyring.tagByteCount)
            for bit in 0..<tag.count * 8 {
                var changed = tag
                changed[bit / 8] ^= 1 << (bit % 8)
                #expect(!keyring.verify(.connectLink, [1, 2, 3], changed))
            }
            #expect(!keyring.verify(.connectLink, [1, 2, 3], []))
            #expect(!keyring.verify(.connectLink, [1, 2, 3], Array(tag.dropLast())))
            #expect(!keyring.verify(.connectLink, [1, 2, 3], tag + [0]))
        }
    }

    @Test func `a tag made before a new key is still good, and is found among the tags of all keys`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let tag = try fixture.keyring(KeyringFixture.line("old", 2)).sign(.erasure, Array("message".utf8))
            let keyring = try fixture.keyring(KeyringFixture.line("new", 1), KeyringFixture.line("old", 2))
            #expect(keyring.verify(.erasure, Array("message".utf8), tag))
            #expect(keyring.sign(.erasure, Array("message".utf8)) != tag)
            #expect(keyring.tags(.erasure, Array("message".utf8)) == [keyring.sign(.erasure, Array("message".utf8)), tag])
            #expect(hex(tag) == "fe22efab955a58be5473efb074730be60ad2cf4e7c3e8775425b89df79806d0c")
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
