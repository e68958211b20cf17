import Core
import Synchronization

/// A scripted fault: which requests it hits, how often, and what they get.
public struct Fault: Sendable {
    /// How many matching requests it hits.
    public enum Times: Sendable, ExpressibleByIntegerLiteral {
        case count(Int)
        case forever
        public init(integerLiteral value: Int) { self = .count(value) }
    }

    public enum Response: Sendable {
        /// This status with this body, as JSON.
        case status(Int, String)
        /// An HTML page from the edge in front of Strava: 502, 503, 504, 597, or 400 on the token endpoint.
        case html(Int)
        /// The connection breaks; nothing happened.
        case reset
        /// The right answer, but later (in real time, whatever the simulator's clock).
        case delay(Duration)
        /// Status 200 with a body that is not JSON.
        case malformed
        /// Status 200 with `{}`.
        case emptyStreams
        /// The right answer, cut off in the middle; Content-Length is that of the whole.
        case truncatedBody
        /// The request takes effect (a refresh token is replaced), then the connection breaks.
        case resetAfterEffect
    }

    let match: RequestMatch
    var times: Times
    let response: Response

    public init(match: RequestMatch, times: Times = 1, response: Response) {
        self.match = match
        self.times = times
        self.response = response
    }
}

/// The faults to come. A request gets the first that matches it.
public final class FaultScript: Sendable {
    private let faults = Mutex<[Fault]>([])

    public func append(_ fault: Fault) { faults.withLock { $0.append(fault) } }
    public func removeAll() { faults.withLock { $0.removeAll() } }
    /// Faults that can still hit.
    public var count: Int { faults.withLock { $0.count } }

    func take(method: String, path: String, athlete: AthleteID?) -> Fault.Response? {
        faults.withLock { faults in
            guard let index = faults.firstIndex(where: { $0.match.matches(method, path, athlete) }) else { return nil }
            let response = faults[index].response
            if case .count(let left) = faults[index].times {
                if left <= 1 { faults.remove(at: index) } else { faults[index].times = .count(left - 1) }
            }
            return response
        }
    }
}

/// Which requests a fault or a gate is for.
public struct RequestMatch: Sendable {
    let matches: @Sendable (_ method: String, _ path: String, _ athlete: AthleteID?) -> Bool

    public init(_ matches: @escaping @Sendable (_ method: String, _ path: String, _ athlete: AthleteID?) -> Bool) {
        self.matches = matches
    }

    public static let any = RequestMatch { _, _, _ in true }
    /// Paths that begin so: `/api/v3/athlete/activities`, `/oauth/token`.
    public static func path(_ prefix: String) -> RequestMatch { .init { _, path, _ in path.hasPrefix(prefix) } }
    public static func athlete(_ id: AthleteID) -> RequestMatch { .init { _, _, athlete in athlete == id } }
    /// Detail, laps, zones and streams of one activity.
    public static func activity(_ id: ActivityID) -> RequestMatch {
        .init { _, path, _ in path.split(separator: "/").contains(Substring(String(id.rawValue))) }
    }
    public static func streams(_ id: ActivityID) -> RequestMatch { .init { _, path, _ in path.hasSuffix("/activities/\(id)/streams") } }
    public static let streams = RequestMatch { _, path, _ in path.hasSuffix("/streams") }
    public static let token = RequestMatch { _, path, _ in path.hasSuffix("/oauth/token") }
    public static let list = RequestMatch { _, path, _ in path.hasSuffix("/athlete/activities") }
}
