import Core
import Foundation
import StravaAPI
import TestKit
import Testing

@testable import Vault

/// What a connect link's signature covers, and which keys it outlives.
@Suite struct LinkSignatureTests {
    private static func query(_ address: String) -> (String) -> String? {
        let items = URLComponents(string: address)?.queryItems ?? []
        return { name in items.first { $0.name == name }?.value }
    }

    private static let link = ConnectLink(uid: "a+b@example.org", expiresAt: Date(timeIntervalSince1970: 1_793_000_000.75))

    @Test func `a link comes back as it was made, under the same keyring only`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let url = try PublicURL("https://fit.example.org/sync")
            let links = ConnectLinks(publicURL: url, keyring: try fixture.keyring(KeyringFixture.line("one", 1)))
            let address = links.address(of: Self.link)
            #expect(address.hasPrefix("https://fit.example.org/sync/connect?uid=a%2Bb%40example.org&expires=1793000000&link="))
            #expect(links.link(Self.query(address)) == Self.link)
            let others = ConnectLinks(publicURL: url, keyring: try fixture.keyring(KeyringFixture.line("one", 2)))
            #expect(others.link(Self.query(address)) == nil)
        }
    }

    @Test func `a new key breaks no link, and the end of the old key all that it signed`() async throws {
        try await withTemporaryFolder { folder in
            let fixture = KeyringFixture(folder: folder)
            let url = try PublicURL("https://fit.example.org")
            let (old, new) = (KeyringFixture.line("old", 1), KeyringFixture.line("new", 2))
            let address = ConnectLinks(publicURL: url, keyring: try fixture.keyring(old)).address(of: Self.link)
            #expect(ConnectLinks(publicURL: url, keyring: try fixture.keyring(new, old)).link(Self.query(address)) == Self.link)
            #expect(ConnectLinks(publicURL: url, keyring: try fixture.keyring(new)).link(Self.query(address)) == nil)
        }
    }

    @Test func `a grant that waits opens for its athlete only, and not as a token`() async throws {
        try await withTemporaryFolder { folder in
            let keyring = try KeyringFixture(folder: folder).keyring(KeyringFixture.line("one", 1))
            let athlete = AthleteID(7)
            let grant = TokenGrant(
                accessToken: Secret("one"), refreshToken: Secret("two"), expiresAt: Date(timeIntervalSince1970: 9), athleteID: athlete,
                scope: nil)
            let held = try HeldGrant(grant, athlete: athlete, keyring: keyring)
            let opened = try held.open(athlete: athlete, keyring: keyring)
            #expect(opened.accessToken == grant.accessToken && opened.refreshToken == grant.refreshToken)
            #expect(opened.expiresAt == grant.expiresAt && opened.athleteID == athlete)
            #expect(throws: VaultError.self) { try held.open(athlete: AthleteID(8), keyring: keyring) }
            let sealed = SealedToken(keyID: held.keyID, bytes: held.bytes)
            #expect(throws: VaultError.self) { try sealed.open(athlete: athlete, purpose: .refresh, keyring: keyring) }
        }
    }
}
