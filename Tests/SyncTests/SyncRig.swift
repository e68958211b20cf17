import Core
import Database
import Foundation
import Governor
import HTTPTransport
import Logging
import Simulator
import StravaAPI
import SyncStore
import TestKit
import Vault
import Warehouse

@testable import Sync

/// The real parts around one test database and one simulated Strava; turns are given one at a time, so that a test can look in between.
struct SyncRig: Sendable {
    let database: Database
    let simulator: StravaSimulator
    let environment: SyncEnvironment
    let registry: AthleteRegistry
    let eraser: AthleteEraser
    let feed: SilverFeed
    let silver: SilverRunner
    /// Where receipts of erasures are filed.
    let receipts: URL
    let owner = UUID()

    var world: SimulatorWorld { simulator.world }
    private var schedule: ScheduleQueries { ScheduleQueries(database: database) }

    /// Lends a rig for the time of `body`.
    static func with(
        _ world: SimulatorWorld, options: SimulatorOptions = SimulatorOptions(), settings: SyncSettings = SyncSettings(),
        clock: WallClock = .system, logger: Logger = quietLogger, _ body: (SyncRig) async throws -> Void
    ) async throws {
        try await withTestDatabase { database in
            try await with(world, on: database, options, settings, clock, logger, body)
        }
    }

    /// The same with the round trips to PostgreSQL counted.
    static func countingRoundTrips(_ world: SimulatorWorld, _ body: (SyncRig, RoundTripCounter) async throws -> Void) async throws {
        try await withTestDatabaseURL { url in
            let counter = try RoundTripCounter(url)
            let database = Database(url: counter.url, logger: quietLogger)
            let result: Result<Void, any Error>
            do {
                let (options, settings) = (SimulatorOptions(), SyncSettings())
                result = .success(
                    try await with(world, on: database, options, settings, .system, quietLogger) { try await body($0, counter) })
            } catch { result = .failure(error) }
            await database.close()
            counter.stop()
            try result.get()
        }
    }

    private static func with(
        _ world: SimulatorWorld, on database: Database, _ options: SimulatorOptions, _ settings: SyncSettings, _ clock: WallClock,
        _ logger: Logger, _ body: (SyncRig) async throws -> Void
    ) async throws {
        var options = options
        options.limits = nil
        let simulator = StravaSimulator(world: world, options: options, logger: quietLogger)
        _ = try await simulator.start()
        let http = HTTPClient(userAgent: "fitnessd-tests")
        let rig = try await make(database, simulator, http, options, settings, clock, logger)
        let governing = Task { try await rig.environment.governor.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body(rig)) } catch { result = .failure(error) }
        await rig.environment.vault.finish()
        await rig.environment.governor.shutdown()
        try await governing.value
        await http.shutdown()
        await simulator.stop()
        if FileManager.default.fileExists(atPath: rig.receipts.path) { try FileManager.default.removeItem(at: rig.receipts) }
        try result.get()
    }

    private static func make(
        _ database: Database, _ simulator: StravaSimulator, _ http: HTTPClient, _ options: SimulatorOptions, _ settings: SyncSettings,
        _ clock: WallClock, _ logger: Logger
    ) async throws -> SyncRig {
        let strava = StravaClient(
            configuration: StravaConfiguration(
                apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: options.clientID,
                clientSecret: Secret(options.clientSecret)),
            http: http, clock: clock, logger: quietLogger)
        let governor = RateLimitGovernor(database: database, clock: clock, limit: .unlimited, logger: quietLogger)
        let keyring = FileManager.default.temporaryDirectory.appending(path: "keyring-\(UUID().uuidString)").path
        try Keyring.create(path: keyring)
        let vault = TokenVault(
            database: database, keyring: try Keyring.load(path: keyring), strava: strava, clock: clock, logger: quietLogger)
        try FileManager.default.removeItem(atPath: keyring)
        let feed = SilverFeed()
        let writer = WarehouseWriter(database: database, silverFeed: feed, clock: clock, logger: quietLogger)
        let receipts = FileManager.default.temporaryDirectory.appending(path: "erasures-\(UUID().uuidString).jsonl")
        return SyncRig(
            database: database, simulator: simulator,
            environment: SyncEnvironment(
                database: database, strava: strava, governor: governor, vault: vault, writer: writer, clock: clock, settings: settings,
                logger: logger),
            registry: AthleteRegistry(database: database, vault: vault, clock: clock),
            eraser: AthleteEraser(
                database: database, vault: vault, feed: feed, file: ReceiptFile(path: receipts.path), clock: clock, logger: logger),
            feed: feed,
            silver: SilverRunner(
                database: database, shareDirectory: TestKit.checkout, feed: feed, clock: clock, logger: quietLogger),
            receipts: receipts)
    }

    func connect(
        _ athlete: AthleteID, tokensOf owner: AthleteID? = nil, scopes: StravaScopes = .sync, expiresIn: Int = 21_600,
        arrival: Arrival = .alone
    ) async throws {
        let tokens = simulator.issueTokens(for: owner ?? athlete, scopes: scopes, expiresIn: expiresIn)
        let grant = TokenGrant(
            accessToken: Secret(tokens.accessToken), refreshToken: Secret(tokens.refreshToken), expiresAt: tokens.expiresAt,
            athleteID: athlete, scope: nil)
        try await registry.register(
            grant, athlete: athlete, uid: "u\(athlete)", scope: "read,activity:read,activity:read_all", arrival: arrival)
    }

    /// Claims what is due now.
    func claim(_ count: Int = 100) async throws -> [Claim] {
        try await schedule.claim(lanes: [(0...4, count)], owner: owner, now: environment.clock.now, lease_s: 120)
    }

    /// Gives each due athlete one turn, then makes silver. Answers how many had a turn.
    @discardableResult
    func turn() async throws -> Int {
        let claims = try await claim()
        await withDiscardingTaskGroup { group in
            for claim in claims { group.addTask { await AthleteSync(environment: environment, claim: claim).run() } }
        }
        try await makeSilver()
        return claims.count
    }

    /// Gives turns until nobody is due. Answers how many turns that took.
    @discardableResult
    func settle() async throws -> Int {
        var turns = 0
        while case let count = try await turn(), count > 0 { turns += count }
        return turns
    }

    func makeSilver() async throws {
        while try await silver.runOnce() > 0 {}
    }

    /// Makes an athlete due now, as time would.
    func makeDue(_ athlete: AthleteID) async throws {
        try await database.query("UPDATE sync.schedule SET due_at = now() - interval '1 s' WHERE athlete_id = \(athlete)")
        try await database.query("UPDATE sync.cursor SET listed_at = listed_at - interval '1 day' WHERE athlete_id = \(athlete)")
    }

    /// Asks for a walk over the whole list and does it.
    func walkAgain(_ athlete: AthleteID) async throws {
        _ = try await registry.requestSync(athlete, full: true, by: "test")
        try await settle()
    }

    func differences(_ athlete: AthleteID) async throws -> [String] {
        try await SilverTruth(database).differences(athlete, simulator.truth(for: athlete))
    }

    /// Requests since the last clearing, by endpoint.
    func count(_ endpoint: String) -> Int { simulator.requests.count { $0.endpoint == endpoint } }

    func states(_ activity: ActivityID) async throws -> [String: String] {
        let rows = try await database.query("SELECT endpoint, state FROM sync.completeness WHERE activity_id = \(activity)")
        return Dictionary(try rows.map { try $0.decode(String.self, String.self) }) { first, _ in first }
    }

    func number(_ sql: SQL) async throws -> Int { try await database.query(sql)[0].decode(Int.self) }
}
