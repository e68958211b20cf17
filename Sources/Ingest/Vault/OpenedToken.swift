import Core
import Foundation

/// An access token in the clear, with the time until which it is handed out.
struct OpenedToken: Sendable {
    let token: Secret
    let useUntil: Date
}
