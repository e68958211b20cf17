import Core
import Hummingbird

/// The query of `/connect` and `/oauth/callback`, taken apart and checked. What is not as it should be is nil.
struct ConnectQuery: Sendable {
    /// Strava's codes have 40 characters today.
    private static let codeBytesMax = 512

    let uid: UID?
    let state: ConnectSecret?
    let code: String?
    let scope: String?
    let error: String?

    init(_ request: Request) {
        let values = request.uri.queryParameters
        uid = values["uid"].flatMap { UID($0) }
        state = values["state"].flatMap { ConnectSecret($0) }
        code = values["code"].flatMap { Self.isCode($0) ? String($0) : nil }
        scope = values["scope"].map(String.init)
        error = values["error"].map { String($0.prefix(64)) }
    }

    private static func isCode(_ text: Substring) -> Bool {
        (1...codeBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
