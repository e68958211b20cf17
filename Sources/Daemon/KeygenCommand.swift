import ArgumentParser
import Vault

/// `fitnessd keygen PATH`: a new keyring file for the vault, mode 0600, or a change of an existing one.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a keyring file for the vault, readable by this user only, or change one.",
        discussion: """
            A key that is added seals nothing until `fitnessctl vault rotate`, so that every fitnessd on the database can have it by then. A key \
            may be retired once `fitnessctl vault` says that nothing is sealed with it.
            """)

    @Flag(help: "Add a key to the keyring at PATH.")
    var add = false

    @Option(help: ArgumentHelp("Retire this key of the keyring at PATH; the file as it was is kept beside it.", valueName: "key"))
    var retire: String?

    @Argument(help: "Path of the keyring. Without --add or --retire it must not exist.", completion: .file())
    var path: String

    func validate() throws {
        if add, retire != nil { throw ValidationError("Either add a key or retire one.") }
    }

    func run() throws {
        if let retire {
            let kept = try Keyring.retire(retire, inFileAt: path)
            print(
                "retired \(retire): the file as it was is kept as \(kept); remove that once `fitnessctl vault verify` finds no fault and no backup needs it"
            )
        } else if add {
            let keyID = try Keyring.add(toFileAt: path)
            print(
                """
                added \(keyID) to \(path), which seals nothing yet: copy the line to the keyring of every fitnessd on the database, keep a copy \
                apart from the database's backups, then run `fitnessctl vault rotate`
                """)
        } else {
            try Keyring.create(path: path)
            print("made \(path): set FITNESSD_VAULT_KEY to it, and keep a copy apart from the database's backups")
        }
    }
}
