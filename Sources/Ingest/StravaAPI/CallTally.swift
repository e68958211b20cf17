import Synchronization

/// Counts calls by endpoint and how they ended, for metrics. Both come from closed sets, so that the tally stays small.
public final class CallTally: Sendable {
    public struct Kind: Hashable, Sendable {
        /// `StravaCall.endpointName`, or `token_exchange`, `token_refresh`, `token_revoke`.
        public let endpoint: String
        /// The HTTP status; nil: no answer.
        public let status: Int?
    }

    private let counts = Mutex<[Kind: Int]>([:])

    func add(_ endpoint: String, status: Int?) {
        counts.withLock { $0[Kind(endpoint: endpoint, status: status), default: 0] += 1 }
    }

    /// Calls since the client was made.
    public var calls: [Kind: Int] { counts.withLock { $0 } }
}
