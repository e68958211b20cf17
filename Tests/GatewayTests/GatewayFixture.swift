import Core
import Database
import Foundation
import HTTPTransport
import ServiceLifecycle
import Simulator
import StravaAPI
import Sync
import TestKit
import Vault

@testable import Gateway

/// A gateway that listens on a port of its own, before a simulated Strava and a database; the test is the browser.
struct GatewayFixture {
    static let athlete = AthleteID(101)
    static let start = Date(timeIntervalSince1970: 1_793_000_000)

    let database: Database
    let simulator: StravaSimulator
    let vault: TokenVault
    let strava: StravaClient
    let browser: HTTPClient
    let clock: WallClock
    let webhook: EventDesk.Address
    /// `http://127.0.0.1:PORT`
    let base: String

    /// A GET that follows no redirect.
    func get(_ target: String, headers: [(name: String, value: String)] = []) async throws -> HTTPResponse {
        try await browser.send(HTTPRequest(method: .get, url: target.hasPrefix("http") ? target : base + target, headers: headers))
    }

    /// Opens the connect link, lets the simulator's consent page decide by `autoApprove`, and gives Strava's redirect to the callback.
    func redirectAfterConsent(uid: String = "user-1") async throws -> String {
        let connect = try await get("/connect?uid=\(uid)")
        guard connect.status == 303, let consent = connect.headers["Location"] else { throw Unexpected(response: connect) }
        let answer = try await get(consent)
        guard (300..<400).contains(answer.status), let back = answer.headers["Location"] else { throw Unexpected(response: answer) }
        return back
    }

    var tokenCount: Int {
        get async throws { try await database.query("SELECT count(*) FROM vault.token")[0].decode(Int.self) }
    }

    var openStateCount: Int {
        get async throws { try await database.query("SELECT count(*) FROM sync.connect_state")[0].decode(Int.self) }
    }
}

/// An answer that the fixture can't go on from.
struct Unexpected: Error, CustomStringConvertible {
    let response: HTTPResponse
    var description: String { "status \(response.status): \(response.text.prefix(400))" }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Lends a running gateway. `pending` are the migrations that it believes are missing.
func withGateway(pending: [String] = [], _ body: (GatewayFixture) async throws -> Void) async throws {
    let clock = WallClock.manual(at: GatewayFixture.start)
    let world = SimulatorWorld(seed: 7, epoch: GatewayFixture.start, athletes: [AthleteSpec(id: GatewayFixture.athlete, activityCount: 0)])
    let simulator = StravaSimulator(world: world, clock: clock, logger: quietLogger)
    simulator.autoApprove = .athlete(GatewayFixture.athlete)
    try await simulator.start()
    let http = HTTPClient(userAgent: "gateway-tests")
    let result: Result<Void, any Error>
    do {
        try await withTemporaryFolder { folder in
            try await withTestDatabase { database in
                let strava = StravaClient(
                    configuration: StravaConfiguration(
                        apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: simulator.options.clientID,
                        clientSecret: Secret(simulator.options.clientSecret)),
                    http: http, clock: clock, logger: quietLogger)
                let keyring = folder.appending(path: "keyring").path
                try Keyring.create(path: keyring)
                let vault = TokenVault(
                    database: database, keyring: try Keyring.load(path: keyring), strava: strava, clock: clock, logger: quietLogger)
                let registry = AthleteRegistry(database: database, vault: vault, clock: clock)
                let desk = EventDesk(database: database, clock: clock)
                let webhook = try await desk.address(verifyToken: nil)
                try await run(
                    pending: pending, database: database, strava: strava, registry: registry, events: (desk, webhook), clock: clock
                ) { port in
                    try await body(
                        GatewayFixture(
                            database: database, simulator: simulator, vault: vault, strava: strava, browser: http, clock: clock,
                            webhook: webhook, base: "http://127.0.0.1:\(port)"))
                }
            }
        }
        result = .success(())
    } catch { result = .failure(error) }
    await simulator.stop()
    await http.shutdown()
    try result.get()
}

private func run(
    pending: [String], database: Database, strava: StravaClient, registry: AthleteRegistry,
    events: (desk: EventDesk, address: EventDesk.Address), clock: WallClock, _ body: (Int) async throws -> Void
) async throws {
    // The port of the public address is not known before the gateway listens; the simulator redirects to any port of 127.0.0.1.
    let (ports, report) = AsyncStream.makeStream(of: Int.self)
    let gateway = Gateway(
        listen: ListenAddress(host: "127.0.0.1", port: 0), publicURL: try PublicURL("http://127.0.0.1:9"), database: database,
        strava: strava, clock: clock, logger: quietLogger,
        register: { try await registry.register($0, athlete: $1, uid: $2, scope: $3) },
        events: events,
        pendingMigrations: {
            _ = try await database.query("SELECT 1")
            return pending
        },
        figures: { try await GatewayFigures.load(from: database) },
        onListening: { report.yield($0) })
    let group = ServiceGroup(configuration: .init(services: [gateway], logger: quietLogger))
    let serving = Task {
        defer { report.finish() }
        try await group.run()
    }
    let result: Result<Void, any Error>
    do {
        guard let port = await ports.first(where: { _ in true }) else { return try await serving.value }
        try await body(port)
        result = .success(())
    } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await serving.value
    try result.get()
}
