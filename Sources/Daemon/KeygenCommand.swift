import ArgumentParser
import Vault

/// `fitnessd keygen PATH`: a new keyring file for the vault, mode 0600.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a new keyring file for the vault, readable by this user only.")

    @Argument(help: "Path of the new keyring. Fails if the file exists.")
    var path: String

    func run() throws {
        try Keyring.create(path: path)
        print("made \(path): set FITNESSD_VAULT_KEY to it, and keep a copy apart from the database's backups")
    }
}
