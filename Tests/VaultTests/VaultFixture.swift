import Core
import Database
import Foundation
import HTTPTransport
import Logging
import Simulator
import StravaAPI
import TestKit

@testable import Vault

/// A database, a simulated Strava, and any number of vaults on them, all with one manual clock.
struct VaultFixture {
    /// The athletes of the simulated world.
    static let athletes = (101...106).map { AthleteID(Int64($0)) }
    /// The time at which every test begins.
    static let start = Date(timeIntervalSince1970: 1_793_000_000)

    let database: Database
    let databaseURL: String
    let simulator: StravaSimulator
    let keyrings: KeyringFixture
    let clock: WallClock
    let http: HTTPClient

    var strava: StravaClient {
        StravaClient(
            configuration: StravaConfiguration(
                apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: simulator.options.clientID,
                clientSecret: Secret(simulator.options.clientSecret)),
            http: http, clock: clock, logger: quietLogger)
    }

    func vault(_ keyring: Keyring? = nil, database other: Database? = nil, clock otherClock: WallClock? = nil, logger: Logger = quietLogger)
        throws -> TokenVault
    {
        let keyring = try keyring ?? keyrings.keyring(KeyringFixture.line("one", 1))
        return TokenVault(database: other ?? database, keyring: keyring, strava: strava, clock: otherClock ?? clock, logger: logger)
    }

    /// All rows as seen with this vault's keyring.
    func rows(_ vault: TokenVault) -> SealedRows { SealedRows(database: database, keyring: vault.keyring) }

    /// Adds the athlete with a new pair of tokens from Strava.
    @discardableResult
    func connect(_ athlete: AthleteID, to vault: TokenVault, expiresIn: Int = 21_600) async throws -> TokenGrant {
        let issued = simulator.issueTokens(for: athlete, expiresIn: expiresIn)
        let grant = TokenGrant(
            accessToken: Secret(issued.accessToken), refreshToken: Secret(issued.refreshToken), expiresAt: issued.expiresAt,
            athleteID: athlete, scope: nil)
        try await store(grant, for: athlete, in: vault)
        return grant
    }

    func store(_ grant: TokenGrant, for athlete: AthleteID, in vault: TokenVault) async throws {
        try await database.transaction { connection in
            _ = try await connection.query("INSERT INTO sync.athlete (athlete_id) VALUES (\(athlete)) ON CONFLICT DO NOTHING")
            try await vault.store(grant, for: athlete, on: connection)
        }
    }

    /// State and reason in `sync.athlete`.
    func state(of athlete: AthleteID) async throws -> (state: String, reason: String?) {
        let rows = try await database.query("SELECT state, state_reason FROM sync.athlete WHERE athlete_id = \(athlete)")
        return try rows[0].decode(String.self, String?.self)
    }

    /// Calls to the token endpoint so far.
    var refreshCount: Int { simulator.requests.count { $0.endpoint == "token" } }
}

/// Calls `body` with a fixture and stops everything afterwards.
func withVaultFixture(_ options: SimulatorOptions = SimulatorOptions(), _ body: (VaultFixture) async throws -> Void) async throws {
    let clock = WallClock.manual(at: VaultFixture.start)
    let world = SimulatorWorld(
        seed: 7, epoch: VaultFixture.start, athletes: VaultFixture.athletes.map { AthleteSpec(id: $0, activityCount: 0) })
    let simulator = StravaSimulator(world: world, options: options, clock: clock, logger: quietLogger)
    let http = HTTPClient(userAgent: "vault-tests")
    try await simulator.start()
    let result: Result<Void, any Error>
    do {
        try await withTemporaryFolder { folder in
            try await withTestDatabaseURL { url in
                let database = Database(url: url, logger: quietLogger)
                let outcome: Result<Void, any Error>
                do {
                    try await body(
                        VaultFixture(
                            database: database, databaseURL: url, simulator: simulator, keyrings: KeyringFixture(folder: folder),
                            clock: clock, http: http))
                    outcome = .success(())
                } catch { outcome = .failure(error) }
                await database.close()
                try outcome.get()
            }
        }
        result = .success(())
    } catch { result = .failure(error) }
    await simulator.stop()
    await http.shutdown()
    try result.get()
}
