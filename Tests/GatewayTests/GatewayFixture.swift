import Assistant
import ControlServer
import Core
import Database
import Foundation
import Governor
import HTTPTransport
import Identity
import Logging
import OwnData
import ServerGuard
import ServiceLifecycle
import Simulator
import StravaAPI
import Sync
import Synchronization
import TestKit
import Vault
import Web

@testable import Gateway

/// A gateway on a port of its own, with a simulated Strava and a database; the test is the browser.
struct GatewayFixture {
    static let athlete = AthleteID(101)
    static let other = AthleteID(102)
    /// Nobody listens there: the real port is known only once the gateway listens, and the fixture replaces this one by it.
    static let publicURL = "http://127.0.0.1:9"
    static let start = Date(timeIntervalSince1970: 1_793_000_000)

    let database: Database
    let simulator: StravaSimulator
    let vault: TokenVault
    let strava: StravaClient
    let browser: HTTPClient
    let clock: WallClock
    let webhook: EventDesk.Address
    let keyring: Keyring
    let links: ConnectLinks
    /// Those of the public listener.
    let publicRoutes: [Route]
    /// Those of the operator's.
    let adminRoutes: [Route]
    /// `http://127.0.0.1:PORT`
    let base: String
    /// The same for the operator's figures, where they have an address of their own.
    let adminBase: String?
    /// How often the database's figures were read.
    let figureReads: ReadCount
    /// The browser's cookies.
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

    /// A POST of a form that follows no redirect.
    func post(
        _ target: String, _ fields: [(String, String)], headers: [(name: String, value: String)] = [], cookies: CookieJar? = nil
    ) async throws -> HTTPResponse {
        let jar = cookies ?? self.cookies
        let url = target.hasPrefix("http") ? target.replacing(GatewayFixture.publicURL, with: base) : base + target
        let form = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        let answer = try await browser.send(
            HTTPRequest(method: .post, url: url, headers: form + headers + jar.header, body: Array(PercentCoding.form(fields).utf8)))
        jar.take(answer)
        return answer
    }

    /// A link as `fitnessctl athletes connect` prints it, but for the host.
    func link(_ uid: String = "user-1", lifetime: Duration = .seconds(7 * 86_400)) throws -> String {
        guard let uid = UID(uid) else { throw CocoaError(.formatting) }
        let link = ConnectLink(uid: uid, expiresAt: clock.now.addingTimeInterval(lifetime.seconds))
        return "/connect" + links.address(of: link).drop { $0 != "?" }
    }

    /// Presses a button of a page: sends its form, with the button's value.
    func press(
        _ page: HTTPResponse, _ decision: String? = nil, headers: [(name: String, value: String)] = [], cookies: CookieJar? = nil
    ) async throws -> HTTPResponse {
        guard
            let form = page.text.firstMatch(of: #/<form method="post" action="([^"]*)"><input type="hidden" name="token" value="([^"]*)">/#)
        else { throw Unexpected(response: page) }
        let fields = [("token", String(form.2))] + (decision.map { [("decision", $0)] } ?? [])
        return try await post(String(form.1).replacing("&amp;", with: "&"), fields, headers: headers, cookies: cookies)
    }

    /// Opens a link and presses its button: the answer redirects to Strava.
    func begin(
        _ link: String, headers: [(name: String, value: String)] = [], cookies: CookieJar? = nil
    ) async throws -> HTTPResponse {
        let page = try await get(link, cookies: cookies)
        guard page.status == 200 else { return page }
        return try await press(page, headers: headers, cookies: cookies)
    }

    /// The same with a new link.
    func begin(uid: String = "user-1", cookies: CookieJar? = nil) async throws -> HTTPResponse {
        try await begin(try link(uid), cookies: cookies)
    }

    /// Follows Strava's redirect, which names the public address, to where the gateway listens, and on to the result.
    func callback(_ redirect: String, cookies: CookieJar? = nil) async throws -> HTTPResponse {
        let answer = try await get(redirect, cookies: cookies)
        guard answer.status == 303, let result = answer.headers["Location"] else { return answer }
        return try await get(result, cookies: cookies)
    }

    /// Connects an athlete under a uid with a new link, in a browser of their own.
    func connect(_ athlete: AthleteID, as uid: String, cookies jar: CookieJar = CookieJar()) async throws -> HTTPResponse {
        let begun = try await begin(uid: uid, cookies: jar)
        guard let consent = begun.headers["Location"] else { throw Unexpected(response: begun) }
        let answer = try await get(consent + "&auto_approve=\(athlete)", cookies: jar)
        guard let back = answer.headers["Location"] else { throw Unexpected(response: answer) }
        return try await callback(back, cookies: jar)
    }

    /// Begins with a link, lets the simulator's consent page decide by `autoApprove`, and returns Strava's redirect to the callback.
    func redirectAfterConsent(_ link: String? = nil) async throws -> String {
        let connect = try await begin(try link ?? self.link())
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

/// An answer after which the fixture can't continue.
struct Unexpected: Error, CustomStringConvertible {
    let response: HTTPResponse
    var description: String { "status \(response.status): \(response.text.prefix(400))" }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Lends a running gateway. `pending`: the migrations that it takes for missing. `hasReader`: with the login for athletes' own data.
func withGateway(
    pending: [String] = [], publicURL: String = GatewayFixture.publicURL, admin: GatewayAddresses.Admin = .withWeb,
    times: RequestTimes? = nil, who: InstallationOperator = InstallationOperator(), logger: Logger = quietLogger,
    issuer: TestIssuer? = nil, origins: AllowedOrigins = .none, answerHasScope: Bool = false, hasReader: Bool = false,
    access: ModelAccess = .own, _ body: (GatewayFixture) async throws -> Void
) async throws {
    let clock = WallClock.manual(at: GatewayFixture.start)
    let simulator = try await makeSimulator(clock, answerHasScope: answerHasScope)
    let http = HTTPClient(userAgent: "gateway-tests")
    let (ports, report) = AsyncStream.makeStream(of: Gateway.Ports.self)
    let result: Result<Void, any Error>
    do {
        try await withTemporaryFolder { folder in
            try await withDatabase(hasReader: hasReader) { database, reader in
                let parts = try GatewayParts(database, simulator, http, clock, keyring: folder.appending(path: "keyring").path)
                let webhook = try await parts.desk.address(verifyToken: nil)
                var gateway = try parts.gateway(
                    publicURL: publicURL, admin: admin, webhook: webhook, pending: pending, who: who, origins: origins,
                    idTokens: try issuer.map { try idTokens($0, http, clock) }, logger: logger, reader: reader,
                    access: access, onListening: { report.yield($0) })
                if let times { gateway.times = times }
                try await run(gateway, ports) { ports in
                    try await body(
                        GatewayFixture(
                            database: database, simulator: simulator, vault: parts.vault, strava: parts.strava, browser: http, clock: clock,
                            webhook: webhook, keyring: parts.keyring, links: try parts.links(publicURL),
                            publicRoutes: gateway.routes.shared + gateway.routes.site.shared(hasWeb: true, hasAdmin: false)
                                + gateway.routes.web, adminRoutes: gateway.routes.admin,
                            base: "http://127.0.0.1:\(ports.web ?? 0)",
                            adminBase: ports.admin.map { "http://127.0.0.1:\($0)" }, figureReads: parts.figureReads))
                }
            }
        }
        result = .success(())
    } catch { result = .failure(error) }
    await simulator.stop()
    await http.shutdown()
    try result.get()
}

private func idTokens(_ issuer: TestIssuer, _ http: HTTPClient, _ clock: WallClock) throws -> IDTokenVerifier {
    let trusted = try IDTokenIssuer(issuer: TestIssuer.issuer, audience: TestIssuer.audience, keysURL: issuer.keysURL)
    return IDTokenVerifier(trusted, http: http, clock: clock, logger: quietLogger)
}

private func makeSimulator(_ clock: WallClock, answerHasScope: Bool) async throws -> StravaSimulator {
    let world = SimulatorWorld(
        seed: 7, epoch: GatewayFixture.start,
        athletes: [GatewayFixture.athlete, GatewayFixture.other].map { AthleteSpec(id: $0, activityCount: 0) })
    var options = SimulatorOptions()
    options.tokenAnswerHasScope = answerHasScope
    let simulator = StravaSimulator(world: world, options: options, clock: clock, logger: quietLogger)
    simulator.autoApprove = .athlete(GatewayFixture.athlete)
    try await simulator.start()
    return simulator
}

/// Lends a database, and if wanted the login for athletes' own data.
private func withDatabase(hasReader: Bool, _ body: (Database, AthleteReader?) async throws -> Void) async throws {
    try await withTestDatabaseURL { url in
        let database = Database(url: url, logger: quietLogger)
        let reader = hasReader ? try await makeReader(url, database) : nil
        let result: Result<Void, any Error>
        do { result = .success(try await body(database, reader)) } catch { result = .failure(error) }
        await reader?.close()
        await database.close()
        try result.get()
    }
}

/// The login for athletes' own data, by its own address.
private func makeReader(_ url: String, _ database: Database) async throws -> AthleteReader {
    try await makeRoles(in: database, then: "ALTER ROLE fitness_reader LOGIN")
    let user = url.range(of: "://")!.upperBound..<url.firstIndex(of: "@")!
    return AthleteReader(url: Secret(url.replacingCharacters(in: user, with: "fitness_reader")), daemon: database, logger: quietLogger)
}

/// Counts reads.
final class ReadCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}

/// The parts that the gateway needs.
private struct GatewayParts {
    let figureReads = ReadCount()
    let database: Database
    let strava: StravaClient
    let vault: TokenVault
    let desk: EventDesk
    let keyring: Keyring
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
        self.keyring = try Keyring.load(path: keyring)
        vault = TokenVault(database: database, keyring: self.keyring, strava: strava, clock: clock, logger: quietLogger)
        desk = EventDesk(database: database, clock: clock)
    }

    private func assistants(_ reader: AthleteReader?, _ access: ModelAccess) throws -> AssistantService {
        if access == .off { return .closed }
        guard let reader else { return .noReader }
        return .open(try AssistantServer(reader: reader, access: access, shareDirectory: checkout, version: "test", logger: quietLogger))
    }

    /// The control API, as the daemon hands it to the pages.
    private func control(_ registry: AthleteRegistry, _ eraser: AthleteEraser, _ publicURL: PublicURL) -> AskControl {
        let governor = RateLimitGovernor(
            database: database, clock: clock, limit: RateLimit(quarter: 600, day: 30_000), logger: quietLogger)
        let dependencies = ControlDependencies(
            version: "1.2.3", startedAt: clock.now, clock: clock, database: database, registry: registry,
            keeper: KeyringKeeper(database: database, keyring: keyring, instance: UUID(), clock: clock, logger: quietLogger),
            eraser: eraser,
            governor: governor, links: ConnectLinks(publicURL: publicURL, keyring: keyring),
            pages: PageAddresses(admin: publicURL.text + "/", athletes: publicURL.text))
        let control = LocalControl(dependencies: dependencies, logger: quietLogger)
        return { target, body, account in
            let answer = try await control.answer(target, body: body, by: account)
            return (answer.status, answer.body)
        }
    }

    func links(_ publicURL: String) throws -> ConnectLinks { ConnectLinks(publicURL: try PublicURL(publicURL), keyring: keyring) }

    func gateway(
        publicURL: String, admin: GatewayAddresses.Admin, webhook: EventDesk.Address, pending: [String],
        who: InstallationOperator, origins: AllowedOrigins, idTokens: IDTokenVerifier?, logger: Logger, reader: AthleteReader?,
        access: ModelAccess,
        onListening: @escaping @Sendable (Gateway.Ports) async -> Void
    ) throws -> Gateway {
        let registry = AthleteRegistry(database: database, vault: vault, clock: clock)
        let runs = RunDesk(database: database, clock: clock)
        let eraser = AthleteEraser(database: database, vault: vault, clock: clock, logger: quietLogger)
        return Gateway(
            addresses: GatewayAddresses(web: ListenAddress(host: "127.0.0.1", port: 0), admin: admin), publicURL: try PublicURL(publicURL),
            database: database, strava: strava, keyring: keyring,
            settings: GatewaySettings(who: who, origins: origins, assistants: try assistants(reader, access)), clock: clock, logger: logger,
            authenticator: Authenticator(database: database, idTokens: idTokens, clock: clock, logger: quietLogger),
            athletes: (registry, vault),
            ownData: OwnDataServices(
                reader: reader, thresholds: ThresholdDesk(database: database, clock: clock),
                requestSync: { try await runs.request($0, by: "athlete").run }, erase: { try await eraser.erase($0, by: .athlete) }),
            web: try WebFiles(shareDirectory: checkout, version: "test"),
            control: control(registry, eraser, try PublicURL(publicURL)),
            register: { try await registry.register($0) },
            events: (desk, webhook),
            pendingMigrations: {
                _ = try await database.query("SELECT 1")
                return pending
            },
            figures: {
                figureReads.add()
                _ = try await StatusReader(database: database, clock: clock).figures()
            }, metrics: { "# metrics\n" },
            onListening: onListening)
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

/// The first element; nil: the other stream ended first.
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

/// The cookies of one browser that visits a single site.
final class CookieJar: Sendable {
    private let values = Mutex<[String: String]>([:])

    var header: [(name: String, value: String)] {
        let pairs = values.withLock { $0.map { "\($0.key)=\($0.value)" } }
        return pairs.isEmpty ? [] : [("Cookie", pairs.joined(separator: "; "))]
    }

    func set(_ name: String, _ value: String) { values.withLock { $0[name] = value } }

    /// Nil: no such cookie.
    func value(_ name: String) -> String? { values.withLock { $0[name] } }

    func take(_ response: HTTPResponse) {
        guard let pair = response.headers["Set-Cookie"]?.split(separator: ";").first, let mark = pair.firstIndex(of: "=") else { return }
        values.withLock { $0[String(pair[..<mark])] = String(pair[pair.index(after: mark)...]) }
    }
}

/// A TCP connection to the gateway that sends bytes as given, as no well-behaved client does. A loopback address of its own makes it another
/// client.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(_ base: String, from address: String = "127.0.0.1") throws {
        descriptor = try LoopbackSocket.connect(to: URLComponents(string: base)?.port ?? 0, from: address)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Whether the gateway has disconnected. Doesn't wait.
    var isHungUpOn: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count == 0 || count < 0 && errno != EAGAIN
    }

    /// Everything received until the gateway disconnects.
    func readAll() async -> String {
        // Reading blocks, so it must not be done on the threads of tasks, which serve the answer.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
                while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { all += buffer.prefix(count) }
                continuation.resume(returning: String(decoding: all, as: UTF8.self))
            }
        }
    }

    /// Sends one request and reads the answer, header and body.
    static func ask(
        _ method: String, _ path: String, _ base: String, headers: String = "", from address: String = "127.0.0.1"
    ) async throws -> (status: Int, head: String, body: String) {
        let client = try RawClient(base, from: address)
        client.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(headers)\r\n")
        let text = await client.readAll()
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (status, parts.first ?? "", parts.count > 1 ? parts[1] : "")
    }
}
