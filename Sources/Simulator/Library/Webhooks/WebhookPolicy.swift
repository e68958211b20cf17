/// How events travel (docs/strava-api.md 4): three attempts, about a minute apart; duplicates, loss and disorder when asked for.
public struct WebhookPolicy: Sendable {
    /// A callback must answer within this time.
    public var timeout: Duration = .seconds(2)
    /// Waits before the second and the third attempt, on the simulator's clock.
    public var gaps: [Duration] = [.seconds(62), .seconds(75)]
    /// Each event is sent this many times.
    public var copies = 1
    /// Every n-th event is never sent; 0 sends all.
    public var loseEvery = 0
    /// Events wait until two are there, then the later goes first.
    public var isDisordered = false

    public init() {}
}
