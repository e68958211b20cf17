/// How the simulated Strava behaves. All of it can be given at the start; some switches also turn later on `StravaSimulator`.
public struct SimulatorOptions: Sendable {
    /// The port of 127.0.0.1; 0 takes a free one.
    public var port = 0
    public var clientID = "12345"
    public var clientSecret = "simulated-client-secret"
    /// The registered Authorization Callback Domain; localhost and 127.0.0.1 may always be redirected to.
    public var callbackDomain: String?
    /// Nil refuses nothing; the headers then tell a very high limit.
    public var limits: SimulatedLimits? = .init(quarterHour: 600, day: 30_000)
    /// The recording of 2025 suggests that streams calls are free; a careful client counts them, and so does this server unless
    /// told otherwise.
    public var countsStreams = true
    public var rotation = TokenRotation.withNewAccessToken
    /// Whether the token answer names the granted `scope` (2026's documents mention it, no recording shows it).
    public var tokenAnswerHasScope = false
    /// Pages in the middle of a list may hold fewer than asked for.
    public var hasShortPages = false
    /// GET /oauth/authorize redirects at once, as this athlete, with all scopes asked for: for tests without a browser.
    public var autoApprove: AutoApproval?
    /// Most athletes who can be connected at once; nil for no limit.
    public var capacity: Int?
    public var webhooks = WebhookPolicy()

    public init() {}
}
