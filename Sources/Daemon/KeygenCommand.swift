import ArgumentParser
import Vault

/// `fitnessd keygen PATH`: a new keyring file for the vault, mode 0600.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Makes a new keyring file for the vault, readable by this user only.")

    @Argument(help: "Where the file is made; it must not exist.")
    var path: String

    func run() throws {
        try Keyring.create(path: path)
        print("made \(path): set FITNESSD_VAULT_KEY to it, and keep a copy where the database's backups are not")
    }
}
