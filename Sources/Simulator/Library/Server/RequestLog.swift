import Core
import Foundation
import Synchronization

/// The last requests, and how many there were of each kind. Tests can wait for one.
final class RequestLog: Sendable {
    private struct Watcher {
        var left: Int
        let matches: @Sendable (LoggedRequest) -> Bool
        let wake: CheckedContinuation<Void, Never>
    }

    private struct State {
        var requests: [LoggedRequest] = []
        var total = 0
        var counters: [String: Int] = [:]
        var watchers: [Watcher] = []
    }

    /// More than any test makes. In a demo that runs for weeks the older half is forgotten.
    private static let requestsMax = 200_000
    private let state = Mutex(State())

    var requests: [LoggedRequest] { state.withLock { $0.requests } }
    var total: Int { state.withLock { $0.total } }
    /// `streams 200` → how often.
    var counters: [String: Int] { state.withLock { $0.counters } }

    func append(_ make: (_ number: Int) -> LoggedRequest) {
        let woken = state.withLock { state in
            state.total += 1
            let request = make(state.total)
            if state.requests.count >= Self.requestsMax { state.requests.removeFirst(Self.requestsMax / 2) }
            state.requests.append(request)
            state.counters["\(request.endpoint) \(request.status)", default: 0] += 1
            for index in state.watchers.indices where state.watchers[index].matches(request) { state.watchers[index].left -= 1 }
            let woken = state.watchers.filter { $0.left <= 0 }.map(\.wake)
            state.watchers.removeAll { $0.left <= 0 }
            return woken
        }
        for wake in woken { wake.resume() }
    }

    /// Returns as soon as `count` matching requests are in the log.
    func wait(for count: Int, _ matches: @escaping @Sendable (LoggedRequest) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                let left = count - state.requests.count(where: matches)
                if left > 0 { state.watchers.append(Watcher(left: left, matches: matches, wake: continuation)) }
                return left <= 0
            }
            if isReady { continuation.resume() }
        }
    }

    func removeAll() {
        state.withLock { state in
            state.requests = []
            state.counters = [:]
        }
    }
}

/// One request with its outcome; the query is without secrets.
public struct LoggedRequest: Sendable {
    /// 1 for the first request since the start.
    public let number: Int
    public let method: String
    public let path: String
    public let query: String
    /// A name from a closed set: `activities`, `activity`, `streams`, `token`, …
    public let endpoint: String
    /// The athlete to whom the token was issued; nil for another token or none.
    public let athlete: AthleteID?
    /// The activity asked for; nil when it was about none.
    public let activity: ActivityID?
    /// Status of the answer; 0 when the connection was reset instead.
    public let status: Int
    /// When it arrived, on the simulator's clock.
    public let receivedAt: Date
    public let tokenPlace: TokenPlace
    /// A request that Strava's rate limit counted.
    public let isCounted: Bool
}

/// Where a request carried its access token. From June 2027 only the header counts (docs/strava-api.md 0).
public enum TokenPlace: String, Sendable {
    case none, header, query, body
}
