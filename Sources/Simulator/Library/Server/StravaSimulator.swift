import Core
import Foundation
import Logging
import ServiceLifecycle

/// A local Strava for tests and the demo: OAuth, API, rate limits, webhooks and scripted faults, over HTTP on 127.0.0.1.
public final class StravaSimulator: Service {
    public let world: SimulatorWorld
    public let options: SimulatorOptions
    public let clock: WallClock
    /// The faults to come.
    public let faults = FaultScript()
    private let log = RequestLog()
    private let streamsCache = StreamsCache()
    private let logger: Logger
    private let state: SimulatorState
    private let server: SimulatorServer
    private let webhooks: WebhookQueue
    private let oauth: OAuthEndpoints
    private let subscriptions: WebhookEndpoints

    public init(
        world: SimulatorWorld, options: SimulatorOptions = SimulatorOptions(), clock: WallClock = .system,
        logger: Logger = Logger(label: "strava-simulator")
    ) {
        self.world = world
        self.options = options
        self.clock = clock
        self.logger = logger
        state = SimulatorState(seed: world.seed, options: options)
        server = SimulatorServer(port: options.port, clock: clock, logger: logger)
        webhooks = WebhookQueue(policy: options.webhooks, clock: clock)
        oauth = OAuthEndpoints(world: world, options: options, clock: clock, state: state, webhooks: webhooks)
        subscriptions = WebhookEndpoints(world: world, options: options, clock: clock, state: state, queue: webhooks)
    }

    private var now_s: Int64 { clock.now.epoch_s }

    // MARK: Start and stop

    /// Listens on 127.0.0.1 and returns the port; after a stop it comes back at the same one.
    /// - Throws: what binding throws (address in use).
    @discardableResult
    public func start() async throws -> Int {
        let (subscriptions, webhooks) = (subscriptions, webhooks)
        world.observe { subscriptions.announce($0) }
        return try await server.start(answer: { await self.answer($0) }) {
            async let deliveries: Void = webhooks.run()
            async let announcements: Void = subscriptions.announceLive()
            _ = await (deliveries, announcements)
        }
    }

    /// Ends all connections, opens all gates and waits until the server is gone.
    public func stop() async {
        for gate in state.withLock({ $0.gates }) { gate.open() }
        await server.stop()
        world.observe(nil)
    }

    /// As a service: listens until the group shuts down gracefully or the task is cancelled.
    public func run() async throws {
        let port = try await start()
        logger.log(.info, "simulated strava listens", [.port: port])
        try? await gracefulShutdown()
        await stop()
    }

    /// `http://127.0.0.1:PORT`
    public var baseURL: String {
        guard let port = server.port else { preconditionFailure("the simulator is not started") }
        return "http://127.0.0.1:\(port)"
    }
    /// For `FITNESSD_STRAVA_API_URL`.
    public var apiURL: String { baseURL + "/api/v3" }
    /// For `FITNESSD_STRAVA_OAUTH_URL`.
    public var oauthURL: String { baseURL + "/oauth" }

    // MARK: The world

    /// All activities of an athlete at this moment of the simulator's clock, newest first.
    public func truth(for athlete: AthleteID) -> [ActivityTruth] { world.truth(for: athlete, at: clock.now) }

    // MARK: Requests

    /// The requests so far, oldest first; the last two hundred thousand at most.
    public var requests: [LoggedRequest] { log.requests }
    /// All requests since the start.
    public var requestCount: Int { log.total }
    /// How often each endpoint answered each status: `streams 200`, `token 400`.
    public var counters: [String: Int] { log.counters }
    public func clearRequests() { log.removeAll() }

    /// Returns as soon as `count` matching requests have been answered.
    public func waitForRequests(_ count: Int = 1, where matches: @escaping @Sendable (LoggedRequest) -> Bool = { _ in true }) async {
        await log.wait(for: count, matches)
    }

    /// Holds the answers to matching requests until the gate is opened.
    public func gate(_ match: RequestMatch) -> AnswerGate {
        let gate = AnswerGate(match: match)
        state.withLock { $0.gates.append(gate) }
        return gate
    }

    // MARK: Grants

    /// A pair of tokens, as if the athlete had consented.
    /// - Parameter expiresIn: lifetime of the access token in seconds; with a negative one it is dead already.
    public func issueTokens(for athlete: AthleteID, scopes: StravaScopes = .sync, expiresIn: Int = 21_600) -> IssuedTokens {
        precondition(world.spec(athlete) != nil, "athlete \(athlete) is not in this world")
        return state.withLock { $0.tokens.issue(athlete, scopes, lifetime_s: expiresIn, now_s: now_s) }
    }

    /// The athlete revokes the application's access on Strava's site: all tokens die, and an event is sent.
    public func deauthorize(_ athlete: AthleteID) { oauth.deauthorize(athlete) }

    /// Whether the athlete has granted access that still stands.
    public func isConnected(_ athlete: AthleteID) -> Bool { state.withLock { $0.tokens.isConnected(athlete) } }

    // MARK: Webhooks

    /// Sends an event that never happened: a forged one, a duplicate, one long past.
    public func sendWebhook(_ event: WebhookEvent) { webhooks.add(event) }

    /// The callback that is subscribed now.
    public var subscribedCallback: String? { webhooks.subscription?.callbackURL }

    // MARK: Switches

    /// Whether the developer's subscription has lapsed: a refresh still succeeds, all other calls answer 403.
    public var isAppInactive: Bool {
        get { state.withLock { $0.isAppInactive } }
        set { state.withLock { $0.isAppInactive = newValue } }
    }

    /// How many athletes can be connected at once; nil for no limit.
    public var capacity: Int? {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }

    public var rotation: TokenRotation {
        get { state.withLock { $0.rotation } }
        set { state.withLock { $0.rotation = newValue } }
    }

    public var autoApprove: AutoApproval? {
        get { state.withLock { $0.autoApprove } }
        set { state.withLock { $0.autoApprove = newValue } }
    }

    /// The rate limits in force; nil refuses nothing.
    public var limits: SimulatedLimits? {
        get { state.withLock { $0.quota.limits } }
        set { state.withLock { $0.quota.limits = newValue } }
    }

    /// Counts requests that another program makes for the same application.
    public func spendElsewhere(_ count: Int) { state.withLock { $0.quota.spentElsewhere(count, now_s: now_s) } }

    /// The requests of each quarter hour, oldest first; the last thousand.
    public var quotaWindows: [SimulatedQuotaWindow] { state.withLock { $0.quota.windows } }

    // MARK: A request: caller, scripted fault, rate limit, endpoint, gates, log

    private func answer(_ request: SimulatorRequest) async -> SimulatorAnswer {
        let receivedAt = clock.now
        let caller = state.withLock { $0.caller(of: request, now_s: receivedAt.epoch_s) }
        let fault = faults.take(method: request.method, path: request.path, athlete: caller.athlete)
        let count = count(request, caller, receivedAt)
        var answer = await self.answer(request, caller, fault, isAllowed: count?.isAllowed ?? true)
        // Streams come from another backend; 401 and 404 were recorded without the headers, too (docs/strava-api.md 2).
        if let count, !request.endpoint.isStreams, answer.status != 401, answer.status != 404, !isFromEdge(fault) {
            answer.headers += count.headers
        }
        let gates = state.withLock { $0.gates }
        for gate in gates where gate.match.matches(request.method, request.path, caller.athlete) { await gate.pass() }
        record(request, caller, answer, receivedAt, isCounted: count != nil)
        return answer
    }

    private func answer(
        _ request: SimulatorRequest, _ caller: SimulatorCaller, _ fault: Fault.Response?, isAllowed: Bool
    ) async -> SimulatorAnswer {
        switch fault {
        case .status(let status, let body): return .json(Array(body.utf8), status: status)
        case .html(let status): return .html("<html><body><h1>\(status)</h1></body></html>", status: status)
        case .malformed: return .json(Array(#"{"message": "half an ans"#.utf8))
        case .emptyStreams: return .json(Array("{}".utf8))
        case .reset: return SimulatorAnswer(status: 0, body: [], extent: .reset)
        case .delay(let duration): try? await Task.sleep(for: duration)
        case .truncatedBody, .resetAfterEffect, nil: break
        }
        if !isAllowed { return .error(.rateLimited) }
        var answer = await route(request, caller)
        if case .truncatedBody = fault { answer.extent = .truncated }
        if case .resetAfterEffect = fault { answer = SimulatorAnswer(status: 0, body: [], extent: .reset) }
        return answer
    }

    /// Pages of the edge in front of Strava carry no rate limit headers.
    private func isFromEdge(_ fault: Fault.Response?) -> Bool {
        if case .html = fault { true } else { false }
    }

    /// Nil for a call that is not counted. One with a token that was never issued belongs to no application.
    private func count(_ request: SimulatorRequest, _ caller: SimulatorCaller, _ at: Date) -> SimulatedQuota.Count? {
        let endpoint = request.endpoint
        guard endpoint.isCounted, caller.athlete != nil, options.countsStreams || !endpoint.isStreams else { return nil }
        return state.withLock { $0.quota.received(isRead: endpoint.isRead, now_s: at.epoch_s) }
    }

    private func record(
        _ request: SimulatorRequest, _ caller: SimulatorCaller, _ answer: SimulatorAnswer, _ receivedAt: Date, isCounted: Bool
    ) {
        log.append { number in
            LoggedRequest(
                number: number, method: request.method, path: request.path, query: request.loggableQuery,
                endpoint: request.endpoint.name, athlete: caller.athlete, activity: request.endpoint.activity,
                status: answer.status, receivedAt: receivedAt, tokenPlace: request.accessToken?.place ?? .none,
                isCounted: isCounted)
        }
    }

    // MARK: Routes

    private func route(_ request: SimulatorRequest, _ caller: SimulatorCaller) async -> SimulatorAnswer {
        do {
            switch request.endpoint {
            case .authorize: return try oauth.authorize(request)
            case .approve: return try oauth.approve(request)
            case .token: return try oauth.token(request)
            case .revoke: return try oauth.revoke(request)
            case .subscribe: return try await subscriptions.subscribe(request)
            case .subscriptions: return try subscriptions.list(request)
            case .unsubscribe(let id): return try subscriptions.unsubscribe(id, request)
            case .unknown: throw SimulatedError.notFound("Path")
            default: return try data(request, caller)
            }
        } catch let error as SimulatedError {
            return .error(error)
        } catch {
            return .json(Array(#"{"message":"error"}"#.utf8), status: 500)
        }
    }

    /// Calls that need an athlete's token.
    private func data(_ request: SimulatorRequest, _ caller: SimulatorCaller) throws -> SimulatorAnswer {
        guard case .athlete(let athlete, let scopes) = caller, let spec = world.spec(athlete) else { throw SimulatedError.deadToken }
        if request.endpoint == .deauthorize { return oauth.deauthorize(athlete, request) }
        if isAppInactive { throw SimulatedError.inactive }
        let reader = AthleteReader(world: world, spec: spec, scopes: scopes, now: clock.now)
        return switch request.endpoint {
        case .athlete: .json(reader.athlete())
        case .athleteZones: .json(try reader.athleteZones())
        case .athleteStats(let id): .json(try reader.athleteStats(id))
        case .activities: .json(try reader.list(request.query, hasShortPages: options.hasShortPages))
        case .activity(let id): .json(try reader.activity(id))
        case .laps(let id): .json(try reader.laps(id))
        case .activityZones(let id): .json(try reader.activityZones(id))
        case .streams(let id): .json(try reader.streams(id, request.query, cache: streamsCache))
        case .gear(let id): .json(try reader.gear(id))
        case .createActivity: .json(try create(request.parameters, athlete, scopes), status: 201)
        default: .error(.notFound("Path"))
        }
    }

    /// A manual activity from a form (docs/strava-api.md 3.2); the only call here that is not a read.
    private func create(_ form: FormFields, _ athlete: AthleteID, _ scopes: StravaScopes) throws -> [UInt8] {
        guard scopes.contains(.activityWrite) else {
            throw SimulatedError.unauthorized("AccessToken", "activity:write_permission", "missing")
        }
        guard let name = form["name"], !name.isEmpty else { throw SimulatedError.badRequest("Activity", "name", "missing") }
        let id = world.addActivity(to: athlete, NewActivity(startAt: clock.now, kind: .manual, points: 0, name: name))
        guard let recipe = world.recipe(id, of: athlete, at: clock.now) else { throw SimulatedError.notFound("Activity") }
        return ActivityJSON.detail(recipe, gear: nil)
    }
}
