import Foundation

/// A pair that replaces the one of `generation` and is not known to be in the database.
struct UncommittedPair: Sendable {
    let pair: SealedPair
    let opened: OpenedToken
    let generation: Int64
    let receivedAt: Date
}
