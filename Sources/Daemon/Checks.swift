import ControlAPI
import ControlServer
import Core
import Database
import Foundation
import Gateway
import HTTPTransport
import Logging
import StravaAPI
import Vault

/// The parts that `fitnessd check` goes through, in the order in which `run` needs them.
struct Checks {
    let configuration: Configuration
    let isDemo: Bool
    let findings: CheckFindings
    let logger: Logger

    private var preflight: Preflight { Preflight(configuration: configuration) }
    /// By that daemon, the state directory, the addresses and the private cluster are in use.
    private var isServed: Bool { ControlSocket.isServed(configuration.controlSocket) }

    func run() async {
        await findings.check("share directory") { try preflight.shareDirectory().path }
        await findings.check("state directory") { try checkStateDirectory() }
        await findings.check("control socket") { try checkControlSocket() }
        await findings.check("http") { try preflight.addresses() }
        await findings.check("keyring") { try checkKeyring() }
        await checkDatabase()
        await findings.check("strava") { isDemo ? "simulated by \(try DemoStrava.program())" : try await checkStrava() }
    }

    private func checkStateDirectory() throws -> String {
        let found = try preflight.stateDirectory()
        if !isServed { try InstanceIdentity.checkFree(configuration.stateDirectory) }
        return found
    }

    private func checkControlSocket() throws -> String {
        switch try ControlSocket.inspect(path: configuration.controlSocket) {
        case .none: return "\(configuration.controlSocket) will be made"
        case .stale: return "\(configuration.controlSocket) was left by an earlier run and will be made anew"
        case .served: return "\(configuration.controlSocket) is served by the running fitnessd"
        }
    }

    private func checkKeyring() throws -> String {
        guard let keyring = try preflight.keyring() else { return "will be made at the first start, at \(preflight.keyringPath)" }
        let count = keyring.keyIDs.count
        return "\(count) \(count == 1 ? "key" : "keys"), sealing with \(keyring.activeKeyID), from \(preflight.keyringPath)"
    }

    // MARK: The database, and what needs one

    private func checkDatabase() async {
        if configuration.databaseURL == nil {
            if isServed { return await findings.check("database") { "the private cluster is in use by the running fitnessd" } }
            let cluster = configuration.stateDirectory.appending(path: "postgres").path
            if !FileManager.default.fileExists(atPath: cluster) { return await findings.check("database") { try await firstCluster() } }
        }
        let store: DataStore
        do { store = try await DataStore.open(configuration, logger: logger) } catch { return findings.wrong("database", "\(error)") }
        await findings.check("database") { try await rights(store) }
        await findings.check("stored tokens") { try await checkTokens(store) }
        await findings.check("clock") { try await checkClock(store) }
        await store.close()
    }

    private func firstCluster() async throws -> String {
        "a private cluster will be made at the first start, with PostgreSQL \(try await EmbeddedPostgres.installedVersion())"
    }

    private func rights(_ store: DataStore) async throws -> String {
        let pending = try await store.pendingMigrations()
        if let sentence = try await store.missingRights(pendingCount: pending.count) { throw ConfigurationError(sentence) }
        return pending.isEmpty
            ? "reached, up to date" : "reached, \(pending.count) migrations to apply (the next start does, or `fitnessd migrate`)"
    }

    private func checkTokens(_ store: DataStore) async throws -> String {
        let (_, warning) = try await StartKeyring(configuration: configuration, database: store.database).tried()
        if let warning { throw ConfigurationError(warning) }
        return "the keyring fits"
    }

    private func checkClock(_ store: DataStore) async throws -> String {
        try judged(try await DataStore.clockOffset_s(of: store.database), "PostgreSQL")
        return "agrees with PostgreSQL's"
    }

    private func judged(_ offset_s: Double?, _ whose: String) throws {
        guard let offset_s, abs(offset_s) > ClockAgreement.offsetMax_s else { return }
        throw ConfigurationError("\(ClockAgreement.sentence(whose, offset_s)): set this machine's clock (NTP), or the other one")
    }

    // MARK: Strava

    /// Any answer will do: without a token Strava says 401, and counts nothing for the application.
    private func checkStrava() async throws -> String {
        let http = HTTPClient(userAgent: "fitnessd/\(ProductVersion.current)")
        let answer: HTTPResponse
        do {
            answer = try await http.send(HTTPRequest(method: .get, url: configuration.stravaAPIURL + "/athlete", timeout: .seconds(10)))
            await http.shutdown()
        } catch {
            await http.shutdown()
            throw ConfigurationError(
                "\(configuration.stravaAPIURL) can't be reached (\(error)): check FITNESSD_STRAVA_API_URL and the network")
        }
        try judged(StravaClient.serverDate(answer)?.timeIntervalSinceNow, "Strava")
        return "reached (\(answer.status) without a token, as expected)"
    }
}
