import ControlServer
import Core
import Foundation
import Gateway
import Vault

/// What must hold before anything is begun, part by part. `run` stops at the first that doesn't, `check` names each; neither changes anything
/// here. Each part answers with what is the case, or throws a sentence that says what to do.
struct Preflight: Sendable {
    let configuration: Configuration
    var isDemo = false

    /// All parts, for `run`, which has opened the control socket already.
    func all() throws {
        try Keyring.checkMemory()
        _ = try shareDirectory()
        _ = try stateDirectory()
        try checkAddresses()
        if isDemo { _ = try DemoStrava.program() }
        _ = try keyring()
    }

    func shareDirectory() throws -> URL {
        if let set = configuration.shareDirectory { return set }
        guard let found = ShareDirectory.find(environment: [:]) else {
            throw ConfigurationError("the folders db/ and sql/ are not found: set FITNESSD_SHARE_DIR to the folder that holds them")
        }
        return found
    }

    func stateDirectory() throws -> String {
        let directory = StateDirectory(configuration.stateDirectory)
        try directory.check()
        return directory.exists ? "\(directory.path) is writable" : "\(directory.path) will be made"
    }

    /// The addresses can be listened on, unless the daemon that serves our control socket does so.
    func addresses() throws -> String {
        let listened = listenAddresses.map(\.address.text)
        if listened.isEmpty { return "off" }
        let place = listened.joined(separator: ", ")
        if ControlSocket.isServed(configuration.controlSocket) { return "\(place): left to the running fitnessd" }
        try checkAddresses()
        return listened.count == 1 ? "\(place) is free" : "\(place) are free"
    }

    /// A keyring that is there is read early, before a database is started or migrated; nil: it is still to be made.
    func keyring() throws -> Keyring? {
        try Keyring.checkMemory()
        if let path = configuration.vaultKeyPath { return try Keyring.load(path: path) }
        guard configuration.databaseURL == nil else {
            throw ConfigurationError(
                "FITNESSD_VAULT_KEY is not set: make a keyring with `fitnessd keygen PATH` and set the key to its path")
        }
        let path = keyringPath
        return FileManager.default.fileExists(atPath: path) ? try Keyring.load(path: path) : nil
    }

    /// The operator's keyring, else that of the private cluster, made at its first start.
    var keyringPath: String { configuration.vaultKeyPath ?? configuration.stateDirectory.appending(path: "vault.keyring").path }

    private func checkAddresses() throws {
        for (key, address) in listenAddresses { try address.checkFree(key: key) }
    }

    private var listenAddresses: [(key: ListenAddress.Key, address: ListenAddress)] {
        let addresses = configuration.addresses
        let web = addresses.web.map { (key: ListenAddress.Key.web, address: $0) }
        guard case .own(let admin) = addresses.admin else { return [web].compactMap(\.self) }
        return [web, (key: .admin, address: admin)].compactMap(\.self)
    }
}
