import Core
import Foundation

/// A link with which one person connects one Strava account under one uid. It can be opened as often as one likes; a grant is stored with it
/// once.
public struct ConnectLink: Sendable, Equatable {
    static let idByteCount = 16

    public let uid: UID
    /// Random; `sync.connect_link` has those that are used up.
    public let id: [UInt8]
    /// In whole seconds.
    public let expiresAt: Date

    /// - Parameter expiresAt: cut to whole seconds.
    public init(uid: UID, id: [UInt8], expiresAt: Date) {
        self.uid = uid
        self.id = id
        self.expiresAt = Date(timeIntervalSince1970: expiresAt.timeIntervalSince1970.rounded(.down))
    }

    /// A new link.
    public init(uid: UID, expiresAt: Date) {
        var generator = SystemRandomNumberGenerator()
        self.init(uid: uid, id: (0..<Self.idByteCount).map { _ in .random(in: .min ... .max, using: &generator) }, expiresAt: expiresAt)
    }

    /// What is signed. A uid has no line feed, so no two links have the same.
    fileprivate var message: [UInt8] { Array("\(uid.text)\n\(expiry_s)\n\(Hexadecimal.text(id))".utf8) }
    fileprivate var expiry_s: Int64 { Int64(expiresAt.timeIntervalSince1970) }
}

/// Makes the addresses of connect links, signed under the keyring, and reads them.
public struct ConnectLinks: Sendable {
    /// How long a link is valid unless the admin says otherwise.
    public static let lifetimeDefault = Duration.seconds(7 * 86_400)
    /// 9999-12-31, so that every expiry is a date that PostgreSQL and people can read.
    private static let expiryMax_s: Int64 = 253_402_214_400

    private let publicURL: PublicURL
    private let keyring: Keyring

    public init(publicURL: PublicURL, keyring: Keyring) {
        self.publicURL = publicURL
        self.keyring = keyring
    }

    public func address(of link: ConnectLink) -> String { publicURL.connect(Self.parameters(of: link, keyring)) }

    /// The link with these parameters, expired or not; nil unless this installation signed it.
    public func link(_ parameter: (String) -> String?) -> ConnectLink? {
        guard let uid = parameter("uid").flatMap({ UID($0) }),
            let expiry_s = parameter("expires").flatMap({ Int64($0) }), (0...Self.expiryMax_s).contains(expiry_s),
            let id = parameter("link").flatMap({ Hexadecimal.bytes($0, count: ConnectLink.idByteCount) }),
            let signature = parameter("signature").flatMap({ Hexadecimal.bytes($0, count: Keyring.tagByteCount) })
        else { return nil }
        let link = ConnectLink(uid: uid, id: id, expiresAt: Date(timeIntervalSince1970: Double(expiry_s)))
        return keyring.verify(.connectLink, link.message, signature) ? link : nil
    }

    private static func parameters(of link: ConnectLink, _ keyring: Keyring) -> [(String, String)] {
        [
            ("uid", link.uid.text), ("expires", "\(link.expiry_s)"), ("link", Hexadecimal.text(link.id)),
            ("signature", Hexadecimal.text(keyring.sign(.connectLink, link.message))),
        ]
    }
}
