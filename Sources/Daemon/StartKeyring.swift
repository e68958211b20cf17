import Core
import Database
import Foundation
import Logging
import Vault

/// The keyring that a daemon starts with, tried on the stored tokens before any athlete is touched: with the wrong one every athlete would be
/// told to connect again.
struct StartKeyring: Sendable {
    let configuration: Configuration
    let database: Database

    /// What the trial found. Nothing is changed.
    ///
    /// - Throws: `KeyringError`, `ConfigurationError`, `DatabaseError`.
    func tried() async throws -> (keyring: Keyring?, warning: String?) {
        let preflight = Preflight(configuration: configuration)
        let keyring = try preflight.keyring()
        let trial = try await KeyringTrial.run(keyring, on: database)
        let path = preflight.keyringPath
        if let refusal = keyring == nil ? trial.refusalToMake(path: path) : trial.refusal(path: path) { throw refusal }
        return (keyring, trial.warning)
    }

    /// The keyring to use; that of a private cluster is made at its first start.
    func taken(_ logger: Logger) async throws -> Keyring {
        let (keyring, warning) = try await tried()
        if let warning { logger.log(.warning, "the keyring does not open all stored tokens", [.reason: warning]) }
        if let keyring { return keyring }
        let path = Preflight(configuration: configuration).keyringPath
        try Keyring.create(path: path)
        return try Keyring.load(path: path)
    }
}
