import Core
import Foundation
import Governor
import Logging
import Simulator
import StravaAPI
import Sync

/// The bundled Strava of the demo: on a loopback port, with a handful of made-up athletes who go on training while one watches.
///
/// The moment of the first start is kept in the state directory, so that a later start meets the same world, some activities further.
struct DemoStrava: Sendable {
    /// Room for the demo's history in one quarter hour; a real application starts with less and waits for the next one.
    static let limit = RateLimit(quarter: 2_000, day: 20_000)

    static let clientID = "1"
    static let clientSecret = Secret("demo-client-secret")
    private static let scopes = ["read", "activity:read", "activity:read_all", "profile:read_all"]

    let simulator: StravaSimulator
    let world: SimulatorWorld
    let apiURL: String
    let oauthURL: String

    static func start(stateDirectory: URL, clock: WallClock, logger: Logger) async throws -> DemoStrava {
        let world = SimulatorWorld.demo(epoch: try epoch(stateDirectory, now: clock.now))
        var options = SimulatorOptions()
        options.limits = SimulatedLimits(quarterHour: limit.quarter, day: limit.day)
        options.clientID = clientID
        options.clientSecret = clientSecret.reveal()
        let simulator = StravaSimulator(world: world, options: options, clock: clock)
        _ = try await simulator.start()
        return DemoStrava(simulator: simulator, world: world, apiURL: simulator.apiURL, oauthURL: simulator.oauthURL)
    }

    /// Connects the demo's athletes: the simulator issues a pair of tokens for each, which go the way of all tokens.
    func connectAthletes(_ registry: AthleteRegistry) async throws {
        for (index, athlete) in world.athleteIDs.enumerated() {
            let tokens = simulator.issueTokens(for: athlete)
            let grant = TokenGrant(
                accessToken: Secret(tokens.accessToken), refreshToken: Secret(tokens.refreshToken), expiresAt: tokens.expiresAt,
                athleteID: athlete,
                scope: Self.scopes)
            let scope = Self.scopes.joined(separator: ",")
            let registration = try await registry.register(grant, athlete: athlete, uid: UID("demo-\(index + 1)"), scope: scope)
            // Somebody has given out the demo's uids anew: so be it.
            if case .refused = registration.outcome { try await registry.register(grant, athlete: athlete, uid: nil, scope: scope) }
        }
    }

    private static func epoch(_ stateDirectory: URL, now: Date) throws -> Date {
        let file = stateDirectory.appending(path: "demo-epoch")
        if let data = FileManager.default.contents(atPath: file.path), let seconds = Double(String(decoding: data, as: UTF8.self)) {
            return Date(timeIntervalSince1970: seconds)
        }
        let epoch = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        try FileManager.default.createDirectory(at: stateDirectory, withIntermediateDirectories: true)
        try Data("\(Int(epoch.timeIntervalSince1970))".utf8).write(to: file, options: .atomic)
        return epoch
    }
}
