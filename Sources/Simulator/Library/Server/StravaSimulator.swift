import Core
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// A local Strava: OAuth, API, rate limits, webhooks and faults over HTTP on 127.0.0.1, for tests, the demo and an operator's
/// drill.
public final class StravaSimulator: Service {
    public let world: SimulatorWorld
    public let options: SimulatorOptions
    public let clock: WallClock
    /// What goes wrong, and when.
    public let faults = FaultScript()
    let log = RequestLog()
    let streamsCache = StreamsCache()
    let logger: Logger
    let state: Mutex<SimulatorState>
    let running = Mutex<RunningServer?>(nil)
    /// Where it listened before, so that it comes back at the same place.
    let lastPort = Mutex<Int?>(nil)
    let webhooks: WebhookQueue

    public init(
        world: SimulatorWorld, options: SimulatorOptions = SimulatorOptions(), clock: WallClock = .system,
        logger: Logger = Logger(label: "strava-simulator")
    ) {
        self.world = world
        self.options = options
        self.clock = clock
        self.logger = logger
        state = Mutex(SimulatorState(seed: world.seed, options: options))
        webhooks = WebhookQueue(policy: options.webhooks, clock: clock)
    }

    var now_s: Int64 { clock.now.epoch_s }

    // MARK: Truth

    /// Everything of an athlete at this moment of the simulator's clock, newest first.
    public func truth(for athlete: AthleteID) -> [ActivityTruth] { world.truth(for: athlete, at: clock.now) }

    // MARK: What was asked

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

    /// Holds the answers of matching requests until the gate is opened.
    public func gate(_ match: RequestMatch) -> AnswerGate {
        let gate = AnswerGate(match: match)
        state.withLock { $0.gates.append(gate) }
        return gate
    }

    // MARK: Switches

    /// A pair of tokens, as if the athlete had consented. `expiresIn` is the life of the access token in seconds; negative ones
    /// are dead already.
    public func issueTokens(for athlete: AthleteID, scopes: StravaScopes = .sync, expiresIn: Int = 21_600) -> IssuedTokens {
        precondition(world.spec(athlete) != nil, "athlete \(athlete) is not in this world")
        return state.withLock { $0.tokens.issue(athlete, scopes, lifetime_s: expiresIn, now_s: now_s) }
    }

    /// The athlete takes the application's access away on Strava's site: all tokens die, a webhook event goes out.
    public func deauthorize(_ athlete: AthleteID) {
        state.withLock { $0.tokens.revoke(athlete) }
        webhooks.add(.deauthorized(athlete, at_s: now_s))
    }

    /// Whether the athlete has granted access that still stands.
    public func isConnected(_ athlete: AthleteID) -> Bool { state.withLock { $0.tokens.isConnected(athlete) } }

    /// The developer's subscription lapsed: refreshing still works, all data calls answer 403.
    public var isAppInactive: Bool {
        get { state.withLock { $0.isAppInactive } }
        set { state.withLock { $0.isAppInactive = newValue } }
    }

    /// Most athletes who can be connected at once; nil for no limit.
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

    /// Another program with the same application spends this many requests.
    public func spendElsewhere(_ count: Int) { state.withLock { $0.quota.spentElsewhere(count, now_s: now_s) } }

    /// What each quarter hour saw, oldest first; the last thousand.
    public var quotaWindows: [QuotaWindow] { state.withLock { $0.quota.windows } }
}
