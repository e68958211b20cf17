import Core
import Digest
import Foundation

/// The entity tag of an answer: a hash of its bytes, so that it changes when they do, whatever has changed them.
struct EntityTag: Sendable, Equatable {
    /// With its quotes.
    let text: String

    init(of body: [UInt8]) {
        // 128 bits of the hash.
        text = "\"" + Base64URL.text(Array(SHA256.digest(of: body).prefix(16))) + "\""
    }

    /// Whether a client that sends these values of If-None-Match has the answer (RFC 9110, section 13.1.2; weak comparison).
    func isNamed(in values: [String]) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { value in
            let given = value.trimmingCharacters(in: .whitespaces)
            return given == "*" || given == text || given == "W/" + text
        }
    }
}
