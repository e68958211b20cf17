import ControlServer
import Core
import Database
import EmbeddedPostgres
import Foundation
import Gateway
import Logging
import Vault

/// What must hold before anything is started. `run` stops at the first part that fails, `check` reports each. No part changes anything; each
/// returns what it found, or throws a sentence that says what to do.
struct Preflight: Sendable {
    /// What `run` has found and goes on with.
    struct Found: Sendable {
        let shareDirectory: URL
        let keyring: StartKeyring
    }

    let configuration: Configuration
    let isDemo: Bool
    /// Don't ask who serves the control socket.
    var isUnserved = false

    /// Whether a running daemon serves our control socket.
    var isServed: Bool { !isUnserved && ControlSocket.isServed(configuration.controlSocket) }

    /// All parts, for `run`, which has opened the control socket already.
    func all() throws -> Found {
        try Keyring.checkMemory()
        let shareDirectory = try shareDirectory()
        _ = try stateDirectory()
        try checkAddresses()
        if isDemo { _ = try DemoStrava.program() }
        return Found(shareDirectory: shareDirectory, keyring: try keyring())
    }

    func shareDirectory() throws -> URL {
        if let set = configuration.shareDirectory { return set }
        guard let found = ShareDirectory.find(environment: [:]) else {
            throw ConfigurationError("the folders db/, sql/ and web/ are not found: set FITNESSD_SHARE_DIR to the folder that holds them")
        }
        return found
    }

    func stateDirectory() throws -> String {
        let directory = StateDirectory(configuration.stateDirectory)
        try directory.check()
        return directory.exists ? "\(directory.path) is writable" : "\(directory.path) will be made"
    }

    /// Whether the addresses are free, unless the daemon that serves our control socket listens on them.
    func addresses() throws -> String {
        let listened = configuration.addresses.listened.map(\.address.text)
        if listened.isEmpty { return "off" }
        let place = listened.joined(separator: ", ")
        if isServed { return "\(place): left to the running fitnessd" }
        try checkAddresses()
        return listened.count == 1 ? "\(place) is free" : "\(place) are free"
    }

    /// The keyring, read before a database is started or migrated.
    func keyring() throws -> StartKeyring {
        try Keyring.checkMemory()
        if let path = configuration.vaultKeyPath { return StartKeyring(path: path, loaded: try Keyring.load(path: path)) }
        guard configuration.databaseURL == nil else {
            throw ConfigurationError(
                "FITNESSD_VAULT_KEY is not set: make a keyring with `fitnessd keygen PATH` and set the key to its path")
        }
        let path = configuration.privateKeyringPath
        return StartKeyring(path: path, loaded: FileManager.default.fileExists(atPath: path) ? try Keyring.load(path: path) : nil)
    }

    /// Whether dashboards will reach the private cluster; nil: it is not asked for.
    ///
    /// - Returns: whether all is well, and what was found.
    func dashboards() -> (isGood: Bool, sentence: String)? {
        guard let listener = configuration.dashboards else { return nil }
        if isServed { return (true, "\(listener.text): left to the running fitnessd") }
        if let obstacle = listener.obstacle() { return (false, "\(obstacle): fitnessd will start without it (FITNESSD_DASHBOARD_LISTEN)") }
        return (true, "\(listener.text) is free, for \(DashboardListener.roleName) alone")
    }

    private func checkAddresses() throws {
        for (key, address) in configuration.addresses.listened { try address.checkFree(key: key) }
    }
}

/// The keyring that a daemon starts with. It is tried on stored tokens before any athlete is touched: with a wrong one, every athlete would be
/// told to connect again.
struct StartKeyring: Sendable {
    let path: String
    /// Nil: the keyring of a private cluster, which its first start makes.
    let loaded: Keyring?

    /// Changes nothing.
    ///
    /// - Returns: a warning about tokens that it doesn't open; nil: it opens all.
    /// - Throws: `KeyringError` when it is the wrong one, `DatabaseError`.
    func check(against database: Database) async throws -> String? {
        let trial = try await KeyringTrial.run(loaded, on: database)
        if let refusal = loaded == nil ? trial.refusalToMake(path: path) : trial.refusal(path: path) { throw refusal }
        return trial.warning
    }

    /// The keyring to use, checked, and made if it is missing.
    func take(for database: Database, logger: Logger) async throws -> Keyring {
        if let warning = try await check(against: database) {
            logger.log(.warning, "the keyring does not open all stored tokens", [.reason: warning])
        }
        if let loaded { return loaded }
        try Keyring.create(path: path)
        return try Keyring.load(path: path)
    }
}
