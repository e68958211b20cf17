import Core

/// How the simulated Strava behaves, from the start on; `StravaSimulator` has switches for what may change later.
public struct SimulatorOptions: Sendable {
    /// The port of 127.0.0.1; 0 takes a free one.
    public var port = 0
    public var clientID = "12345"
    public var clientSecret = "simulated-client-secret"
    /// The registered Authorization Callback Domain; localhost and 127.0.0.1 may always be redirected to.
    public var callbackDomain: String?
    /// Nil refuses nothing; the headers then show a very high limit.
    public var limits: SimulatedLimits? = .init(quarterHour: 600, day: 30_000)
    /// A recording of 2025 suggests that Strava does not count streams calls; a careful client does, and so does this server by default.
    public var countsStreams = true
    public var rotation = TokenRotation.withNewAccessToken
    /// Whether the token answer names the granted `scope` (2026's documents mention it, no recording shows it).
    public var tokenAnswerHasScope = false
    /// Pages in the middle of a list may hold fewer than asked for.
    public var hasShortPages = false
    /// How GET /oauth/authorize answers without a consent page, for tests without a browser; nil shows the page.
    public var autoApprove: AutoApproval?
    /// How many athletes can be connected at once; nil for no limit.
    public var capacity: Int?
    public var webhooks = WebhookPolicy()

    public init() {}

    func checkClient(_ parameters: FormFields) throws {
        guard parameters["client_id"] == clientID, let secret = parameters["client_secret"] else { throw SimulatedError.wrongClient }
        guard secret == clientSecret else { throw SimulatedError.wrongSecret }
    }
}

/// Requests per quarter hour and per UTC day, over all and for reads (docs/strava-api.md 2).
public struct SimulatedLimits: Sendable, Equatable {
    public var quarterHour: Int
    public var day: Int
    public var readQuarterHour: Int
    public var readDay: Int

    /// The read bucket is as large as the whole one unless given.
    public init(quarterHour: Int, day: Int, readQuarterHour: Int? = nil, readDay: Int? = nil) {
        self.quarterHour = quarterHour
        self.day = day
        self.readQuarterHour = readQuarterHour ?? quarterHour
        self.readDay = readDay ?? day
    }

    /// Shown in the headers when nothing is limited.
    static let unlimited = SimulatedLimits(quarterHour: 1_000_000, day: 100_000_000)
}

/// When a refresh answers with a new refresh token; the old one then is dead at once (docs/strava-api.md 1.3).
public enum TokenRotation: Sendable {
    case never
    /// Together with a new access token.
    case withNewAccessToken
    /// On every refresh, even when the access token stays the same.
    case always
}

/// How GET /oauth/authorize answers without asking. The query parameter `auto_approve` (an athlete's number, or `deny`) sets it for one
/// request.
public enum AutoApproval: Sendable {
    /// Grants the scopes asked for, as far as they are among these.
    case athlete(AthleteID, StravaScopes? = nil)
    case deny
}

/// How events are delivered (docs/strava-api.md 4): three attempts, about a minute apart; duplicates, loss and disorder when asked for.
public struct WebhookPolicy: Sendable {
    /// A callback must answer within this time.
    public var timeout: Duration = .seconds(2)
    /// Waits before the second and the third attempt, on the simulator's clock.
    public var gaps: [Duration] = [.seconds(62), .seconds(75)]
    /// Each event is sent this many times.
    public var copies = 1
    /// Every n-th event is never sent; 0 sends all.
    public var loseEvery = 0
    /// Each event is held until the next one comes, which is sent first.
    public var isDisordered = false

    public init() {}
}
