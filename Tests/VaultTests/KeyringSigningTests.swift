import TestKit
import Testing

@testable import Vault

@Suite struct KeyringSigningTests {
    /// Tags made with Python's `hmac` and with `openssl dgst -mac HMAC`, under a key whose 32 bytes are all 1.
    @Test(
        arguments: [
            (SigningPurpose.connectLink, [], "2b9dd7c284534af4cb671437d4084042b064a50ee89f75d30bde034bfcd42606"),
            (.connectLink, Array("message".utf8), "3dded024a29e42f66919cbf45d59cfbe3b4db94c1762624c7321e28d92916e24"),
            (.connectLink, Array(0...255), "b06e77bdaaea420dcce35105512283ec7ce788fb9ac9cd2b9ddb68c46dc0dd55"),
            (.erasure, Array("message".utf8), "1820f861faeb804445eda4cd5545adf1d9e2aa57b553a3aa9517b5a6b4c72057"),
            (.reader, Array("message".utf8), "fd8f35284f894fa971602270990bd596a3781ef01f865581eb2835678902abe5"),
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
            #expect(hex(tag) == "03d8132f8e8e7fb0a7db0ef96e71d46fe228ffbfc568a8e428f3f8130e03be70")
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
