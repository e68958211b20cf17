import Core
import Database
import Foundation
import HTTPTransport
import ServerGuard
import ServiceLifecycle
import Simulator
import StravaAPI
import Sync
import Synchronization
import TestKit
import Vault

@testable import Gateway

/// A gateway that listens on a port of its own, before a simulated Strava and a database; the test is the browser.
struct GatewayFixture {
    static let athlete = AthleteID(101)
    static let other = AthleteID(102)
    /// Nobody listens there: the port is not known before the gateway listens, and the fixture goes there instead.
    static let publicURL = "http://127.0.0.1:9"
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
    /// The same for the operator's figures, where they have an address of their own.
    let adminBase: String?
    /// What the browser keeps.
    let cookies = CookieJar()

    /// A GET that follows no redirect.
    func get(
        _ target: String, headers: [(name: String, value: String)] = [], cookies: CookieJar? = nil
    ) async throws -> HTTPResponse {
        let jar = cookies ?? self.cookies
        let url = target.hasPrefix("http") ? target.replacing(GatewayFixture.publicURL, with: base) : base + target
        let answer = try await browser.send(HTTPRequest(method: .get, url: url, headers: headers + jar.header))
        jar.take(answer)
        return answer
    }

    /// Follows Strava's redirect, which names the public address, to where the gateway listens, and on to the result.
    func callback(_ redirect: String, cookies: CookieJar? = nil) async throws -> HTTPResponse {
        let answer = try await get(redirect, cookies: cookies)
        guard answer.status == 303, let result = answer.headers["Location"] else { return answer }
        return try await get(result, cookies: cookies)
    }

    /// Connects an athlete under a uid, in a browser of their own.
    func connect(_ athlete: AthleteID, as uid: String) async throws -> HTTPResponse {
        let jar = CookieJar()
        let link = try await get("/connect?uid=\(uid)", cookies: jar)
        guard let consent = link.headers["Location"] else { throw Unexpected(response: link) }
        let answer = try await get(consent + "&auto_approve=\(athlete)", cookies: jar)
        guard let back = answer.headers["Location"] else { throw Unexpected(response: answer) }
        return try await callback(back, cookies: jar)
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
        get async throws {
            try await database.query("SELECT count(*) FROM sync.connect_state WHERE outcome IS NULL")[0].decode(Int.self)
        }
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
func withGateway(
    pending: [String] = [], publicURL: String = GatewayFixture.publicURL, admin: GatewayAddresses.Admin = .withWeb,
    times: RequestTimes? = nil, _ body: (GatewayFixture) async throws -> Void
) async throws {
    let clock = WallClock.manual(at: GatewayFixture.start)
    let world = SimulatorWorld(
        seed: 7, epoch: GatewayFixture.start,
        athletes: [GatewayFixture.athlete, GatewayFixture.other].map { AthleteSpec(id: $0, activityCount: 0) })
    let simulator = StravaSimulator(world: world, clock: clock, logger: quietLogger)
    simulator.autoApprove = .athlete(GatewayFixture.athlete)
    try await simulator.start()
    let http = HTTPClient(userAgent: "gateway-tests")
    let (ports, report) = AsyncStream.makeStream(of: Gateway.Ports.self)
    let result: Result<Void, any Error>
    do {
        try await withTemporaryFolder { folder in
            try await withTestDatabase { database in
                let parts = try GatewayParts(database, simulator, http, clock, keyring: folder.appending(path: "keyring").path)
                let webhook = try await parts.desk.address(verifyToken: nil)
                var gateway = try parts.gateway(
                    publicURL: publicURL, admin: admin, webhook: webhook, pending: pending, onListening: { report.yield($0) })
                if let times { gateway.times = times }
                try await run(gateway, ports) { ports in
                    try await body(
                        GatewayFixture(
                            database: database, simulator: simulator, vault: parts.vault, strava: parts.strava, browser: http, clock: clock,
                            webhook: webhook, base: "http://127.0.0.1:\(ports.web ?? 0)",
                            adminBase: ports.admin.map { "http://127.0.0.1:\($0)" }))
                }
            }
        }
        result = .success(())
    } catch { result = .failure(error) }
    await simulator.stop()
    await http.shutdown()
    try result.get()
}

/// What the gateway stands on.
private struct GatewayParts {
    let database: Database
    let strava: StravaClient
    let vault: TokenVault
    let desk: EventDesk
    let clock: WallClock

    init(_ database: Database, _ simulator: StravaSimulator, _ http: HTTPClient, _ clock: WallClock, keyring: String) throws {
        self.database = database
        self.clock = clock
        strava = StravaClient(
            configuration: StravaConfiguration(
                apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: simulator.options.clientID,
                clientSecret: Secret(simulator.options.clientSecret)),
            http: http, clock: clock, logger: quietLogger)
        try Keyring.create(path: keyring)
        vault = TokenVault(
            database: database, keyring: try Keyring.load(path: keyring), strava: strava, clock: clock, logger: quietLogger)
        desk = EventDesk(database: database, clock: clock)
    }

    func gateway(
        publicURL: String, admin: GatewayAddresses.Admin, webhook: EventDesk.Address, pending: [String],
        onListening: @escaping @Sendable (Gateway.Ports) async -> Void
    ) throws -> Gateway {
        let registry = AthleteRegistry(database: database, vault: vault, clock: clock)
        return Gateway(
            addresses: GatewayAddresses(web: ListenAddress(host: "127.0.0.1", port: 0), admin: admin), publicURL: try PublicURL(publicURL),
            database: database, strava: strava, clock: clock, logger: quietLogger,
            register: { try await registry.register($0, athlete: $1, uid: $2, scope: $3, arrival: .awaited) },
            events: (desk, webhook),
            pendingMigrations: {
                _ = try await database.query("SELECT 1")
                return pending
            },
            figures: { GatewayFigures(try await StatusReader(database: database, clock: clock).figures()) }, onListening: onListening)
    }
}

private func run(_ gateway: Gateway, _ ports: AsyncStream<Gateway.Ports>, _ body: (Gateway.Ports) async throws -> Void) async throws {
    let group = ServiceGroup(configuration: .init(services: [gateway], logger: quietLogger))
    let (endings, ended) = AsyncStream.makeStream(of: Void.self)
    let serving = Task {
        defer { ended.finish() }
        try await group.run()
    }
    let result: Result<Void, any Error>
    do {
        guard let bound = await first(of: ports, unless: endings) else { return try await serving.value }
        try await body(bound)
        result = .success(())
    } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await serving.value
    try result.get()
}

/// The first element; nil when the other stream ends before.
private func first<Element: Sendable>(of stream: AsyncStream<Element>, unless ending: AsyncStream<Void>) async -> Element? {
    await withTaskGroup(of: Element?.self) { group in
        group.addTask { await stream.first { _ in true } }
        group.addTask {
            for await _ in ending {}
            return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
    }
}

/// The cookies of one browser; it knows one site only.
final class CookieJar: Sendable {
    private let values = Mutex<[String: String]>([:])

    var header: [(name: String, value: String)] {
        let pairs = values.withLock { $0.map { "\($0.key)=\($0.value)" } }
        return pairs.isEmpty ? [] : [("Cookie", pairs.joined(separator: "; "))]
    }

    func take(_ response: HTTPResponse) {
        guard let pair = response.headers["Set-Cookie"]?.split(separator: ";").first, let mark = pair.firstIndex(of: "=") else { return }
        values.withLock { $0[String(pair[..<mark])] = String(pair[pair.index(after: mark)...]) }
    }
}
