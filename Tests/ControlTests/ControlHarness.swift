import ControlAPI
import Core
import Database
import Foundation
import Governor
import HTTPTransport
import Logging
import ServiceLifecycle
import StravaAPI
import Sync
import TestKit
import Vault

@testable import ControlServer

/// A control server on a socket and a database of its own, with the real parts behind it.
struct ControlHarness: Sendable {
    let database: Database
    let registry: AthleteRegistry
    let socketPath: String
    let keyringPath: String
    let services: ServiceGroup
    let notices: Notices
    let local: LocalControl
    let governor: RateLimitGovernor

    var client: ControlClient { ControlClient(socketPath: socketPath) }

    static func serve<Answer: Sendable>(
        publicURL: String? = "http://localhost:8080", socketGroup: UInt32? = nil, adminGroup: UInt32? = nil,
        exportStall: Duration = .seconds(60), logger: Logger = quietLogger,
        _ body: @escaping @Sendable (ControlHarness) async throws -> Answer
    ) async throws -> Answer {
        try await withTemporaryFolder { folder in
            try await withTestDatabase { database in
                try await serve(database, folder, publicURL, (socketGroup, adminGroup), exportStall, logger, body)
            }
        }
    }

    private static func serve<Answer: Sendable>(
        _ database: Database, _ folder: URL, _ publicURL: String?, _ groups: (socket: UInt32?, admin: UInt32?), _ exportStall: Duration,
        _ logger: Logger, _ body: @escaping @Sendable (ControlHarness) async throws -> Answer
    ) async throws -> Answer {
        let http = HTTPClient(userAgent: "control-tests")
        let keyring = try keyring(in: folder)
        let vault = Self.vault(database, http, keyring)
        let registry = AthleteRegistry(database: database, vault: vault, clock: .system)
        let keeper = KeyringKeeper(database: database, keyring: keyring, instance: UUID(), host: "here", logger: quietLogger)
        try await keeper.register()
        let eraser = AthleteEraser(
            database: database, vault: vault, file: ReceiptFile(path: folder.appending(path: "erasures.jsonl").path), clock: .system,
            logger: quietLogger)
        let governor = RateLimitGovernor(
            database: database, clock: .system, limit: RateLimit(quarter: 600, day: 30_000), logger: quietLogger)
        let notices = Notices()
        let dependencies = ControlDependencies(
            version: "1.2.3", startedAt: Date(timeIntervalSinceNow: -60), clock: .system, database: database, registry: registry,
            keeper: keeper, eraser: eraser, governor: governor,
            links: try publicURL.map { ConnectLinks(publicURL: try PublicURL($0), keyring: keyring) },
            notices: notices, exportStall: exportStall,
            pages: PageAddresses(admin: publicURL.map { _ in "http://127.0.0.1:8081/" }, athletes: publicURL))
        let path = folder.appending(path: "control.sock").path
        let socket = try ControlSocket.open(path: path, environment: [:])
        let server = ControlServer(
            socket: groups.socket.map(socket.inGroup) ?? socket, adminGroupID: groups.admin, dependencies: dependencies, logger: logger)
        let services = ServiceGroup(services: [keeper, server], logger: quietLogger)
        let harness = ControlHarness(
            database: database, registry: registry, socketPath: path, keyringPath: keyring.path, services: services, notices: notices,
            local: server.local, governor: governor)
        let result = await run(services) { try await body(harness) }
        await http.shutdown()
        return try result.get()
    }

    /// Runs the services while `body` runs and stops them gracefully after it.
    private static func run<Answer: Sendable>(
        _ services: ServiceGroup, _ body: @escaping @Sendable () async throws -> Answer
    ) async -> Result<Answer, any Error> {
        do {
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await services.run() }
                let result: Result<Answer, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                await services.triggerGracefulShutdown()
                try await group.waitForAll()
                return result
            }
        } catch {
            return .failure(error)
        }
    }

    private static func keyring(in folder: URL) throws -> Keyring {
        let path = folder.appending(path: "vault.key").path
        try Keyring.create(path: path)
        return try Keyring.load(path: path)
    }

    private static func vault(_ database: Database, _ http: HTTPClient, _ keyring: Keyring) -> TokenVault {
        let strava = StravaClient(
            configuration: StravaConfiguration(
                apiURL: "http://localhost:1/api/v3", oauthURL: "http://localhost:1/oauth", clientID: "1", clientSecret: Secret("s")),
            http: http, clock: .system, logger: quietLogger)
        return TokenVault(database: database, keyring: keyring, strava: strava, clock: .system, logger: quietLogger)
    }
}

/// Athletes and activities in a known state.
extension ControlHarness {
    func addAthlete(_ id: Int64, uid: UID? = nil) async throws {
        let grant = TokenGrant(
            accessToken: Secret("access-\(id)"), refreshToken: Secret("refresh-\(id)"), expiresAt: Date(timeIntervalSinceNow: 3_600),
            athleteID: AthleteID(id), scope: ["read"])
        _ = try await registry.register(grant, athlete: AthleteID(id), uid: uid, scope: "read,activity:read_all")
    }

    /// An activity with detail landed and streams in `streams`.
    func addActivity(_ athlete: Int64, _ activity: Int64, streams: String) async throws {
        let start = Date(timeIntervalSince1970: 1_700_000_000 + Double(activity))
        _ = try await database.query(
            """
            INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
            VALUES (\(athlete), \(activity), \(start), \([UInt8](repeating: 1, count: 32)))
            """)
        for (endpoint, state) in [("detail", "landed"), ("streams", streams)] {
            _ = try await database.query(
                """
                INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
                VALUES (\(athlete), \(activity), \(endpoint), \(state), \(start))
                """)
        }
    }

    /// Makes the changes of a turn's end: the request is fulfilled, nothing is due.
    func endTurn(_ athlete: Int64, error: String? = nil) async throws {
        let now = Date()
        _ = try await database.query(
            "UPDATE sync.completeness SET state = 'landed' WHERE athlete_id = \(athlete) AND state IN ('pending', 'failed')")
        _ = try await database.query(
            """
            UPDATE sync.schedule SET request = NULL, last_finished_at = \(now), last_error = \(error),
                due_at = \(now.addingTimeInterval(3_600)) WHERE athlete_id = \(athlete)
            """)
    }
}

extension ControlSocket {
    /// The same socket for the members of another group.
    fileprivate func inGroup(_ group: UInt32) -> ControlSocket {
        var socket = self
        socket.groupID = group
        return socket
    }
}

extension ControlClient {
    /// Sends a request and decodes the response.
    func send<Response: Decodable>(_ target: ControlTarget, body: (any Encodable & Sendable)? = nil) async throws -> Response {
        try Self.decoded(try await bytes(target, body: body))
    }
}
