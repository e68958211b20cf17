import ArgumentParser
import ControlServer
import Core
import Database
import Foundation
import HTTPTransport
import Logging
import Vault

/// `fitnessd check`: validates the configuration, reaches each part, and says of each what is wrong and what to do.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validates the configuration and reaches each part; says what is wrong.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let configuration = try common.configuration()
        let logger = Logging.bootstrap(configuration, output: .shared)
        let parts: [(String, () async throws -> String)] = [
            ("configuration", { checkConfiguration(configuration) }),
            ("keyring", { try checkKeyring(configuration) }),
            ("database", { try await checkDatabase(configuration, logger: logger) }),
            ("strava", { try await checkStrava(configuration) }),
        ]
        var failed = 0
        for (name, part) in parts {
            do {
                print("ok    \(name): \(try await part())")
            } catch {
                failed += 1
                print("WRONG \(name): \(error)")
            }
        }
        if failed > 0 { throw ExitCode(1) }
    }

    private func checkConfiguration(_ configuration: Configuration) -> String {
        let credentials = configuration.hasCredentials ? "credentials set" : "no Strava credentials: `fitnessd run` would run the demo"
        return "state in \(configuration.stateDirectory.path), control socket \(configuration.controlSocket), \(credentials)"
    }

    private func checkKeyring(_ configuration: Configuration) throws -> String {
        if let path = configuration.vaultKeyPath {
            let keyring = try Keyring.load(path: path)
            return "\(keyring.keyIDs.count) keys, sealing with \(keyring.activeKeyID)"
        }
        guard configuration.databaseURL == nil else {
            throw ConfigurationError(
                "FITNESSD_VAULT_KEY is not set: make a keyring with `fitnessd keygen PATH` and set the key to its path")
        }
        let path = configuration.stateDirectory.appending(path: "vault.keyring").path
        guard FileManager.default.fileExists(atPath: path) else { return "will be made at the first start, at \(path)" }
        return "sealing with \(try Keyring.load(path: path).activeKeyID), from \(path)"
    }

    private func checkDatabase(_ configuration: Configuration, logger: Logger) async throws -> String {
        if configuration.databaseURL == nil, ControlSocket.isServed(configuration.controlSocket) {
            return "the private cluster is in use by the running fitnessd"
        }
        let cluster = configuration.stateDirectory.appending(path: "postgres").path
        if configuration.databaseURL == nil, !FileManager.default.fileExists(atPath: cluster) {
            return "a private cluster will be made at the first start, with PostgreSQL \(try await EmbeddedPostgres.installedVersion())"
        }
        let store = try await DataStore.open(configuration, logger: logger)
        do {
            let pending = try await store.pendingMigrations()
            await store.close()
            return pending.isEmpty
                ? "reached, up to date" : "reached, \(pending.count) migrations to apply (the next start does, or `fitnessd migrate`)"
        } catch {
            await store.close()
            throw error
        }
    }

    /// Any answer will do: without a token Strava says 401, and counts nothing for the application.
    private func checkStrava(_ configuration: Configuration) async throws -> String {
        let http = HTTPClient(userAgent: "fitnessd/\(Version.current)")
        do {
            let answer = try await http.send(HTTPRequest(method: .get, url: configuration.stravaAPIURL + "/athlete", timeout: .seconds(10)))
            await http.shutdown()
            return "reached (\(answer.status) without a token, as expected)"
        } catch {
            await http.shutdown()
            throw ConfigurationError(
                "\(configuration.stravaAPIURL) can't be reached (\(error)): check FITNESSD_STRAVA_API_URL and the network")
        }
    }
}
