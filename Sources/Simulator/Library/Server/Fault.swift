/// A scripted misbehaviour: which requests, how often, what happens.
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
        /// A page of the edge in front of Strava: 502, 503, 504, 597, or 400 on the token endpoint.
        case html(Int)
        /// The connection breaks; nothing happened.
        case reset
        /// The right answer, but later (in real time, whatever the simulator's clock).
        case delay(Duration)
        /// Status 200 with a body that isn't JSON.
        case malformed
        /// Status 200 with `{}`.
        case emptyStreams
        /// The right answer, cut off in the middle; Content-Length tells the whole length.
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
