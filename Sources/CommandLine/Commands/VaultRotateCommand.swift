import ArgumentParser
import ControlAPI
import Foundation

struct VaultRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Seal all tokens with a new key and retire the old one.",
        discussion: """
            Takes a key of the keyring that has never sealed; else adds one to the file, if fitnessd may write it. Tokens are resealed while the \
            daemon works. Repeat it after any failure: it goes on where it stopped. It does not begin before every running fitnessd holds the key.
            """)

    /// The other instances read their files every 15 s; two rounds of that.
    private static let patience_s: Double = 35
    private static let pollInterval = Duration.milliseconds(500)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let rotation = try await begin()
        guard rotation.lacking.isEmpty else { throw CommandFailure(Self.refusal(rotation)) }
        try await follow(rotation)
    }

    /// Asks until all instances hold the key: one that shares the keyring file reads it within seconds.
    private func begin() async throws -> RotationMessage {
        let start = Date()
        var isKeyNew = false
        while true {
            let bytes = try await options.patientClient.bytes(ControlTarget(.rotateVault), body: [String: String]())
            let rotation: RotationMessage = try ControlClient.decoded(bytes)
            isKeyNew = isKeyNew || rotation.keyAdded
            if rotation.lacking.isEmpty || !isKeyNew || Date().timeIntervalSince(start) > Self.patience_s { return rotation }
            show("waiting until \(VaultText.names(rotation.lacking)) has read \(rotation.keyID)")
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func follow(_ rotation: RotationMessage) async throws {
        var connection = Reconnection()
        while true {
            let bytes = try await connection.bytes(options.patientClient, ControlTarget(.vault)) { show("") }
            let vault: VaultMessage = try ControlClient.decoded(bytes)
            if !vault.rotating { return try end(vault, bytes) }
            show("\(Phrase.count(vault.remaining, "athlete", "athletes")) to go")
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func end(_ vault: VaultMessage, _ bytes: [UInt8]) throws {
        show("")
        Terminal.print(options.json ? Terminal.line(bytes) : Self.text(vault))
        guard vault.remaining > 0 else { return }
        throw CommandFailure(
            """
            the tokens of \(Phrase.count(vault.remaining, "athlete", "athletes")) don't open and stay under their old keys: \
            fitnessctl vault verify names them
            """)
    }

    private func show(_ progress: String) {
        if Terminal.isInteractive, !options.json { Terminal.replaceLine(progress) }
    }

    private static func text(_ vault: VaultMessage) -> String {
        let sealing = vault.keys.first { $0.state == "sealing" }
        let sealed =
            "the tokens of \(Phrase.count(sealing?.athletes ?? 0, "athlete", "athletes")) are sealed with \(vault.sealingKeyID ?? "?")"
        let retired = vault.keys.filter { $0.state == "retired" && !$0.inKeyring }.map(\.keyID)
        let kept =
            retired.isEmpty
            ? []
            : [
                "retired: \(retired.joined(separator: ", ")); backups of the database made before now need the keyring as it was, kept beside it"
            ]
        return ([sealed] + kept + VaultText.notes(vault)).joined(separator: "\n")
    }

    private static func refusal(_ rotation: RotationMessage) -> String {
        """
        nothing was resealed: the key \(rotation.keyID) is in the keyring here, but not in that of \(VaultText.names(rotation.lacking)); copy its \
        line to the keyring there (it is read within 15 s, a copy that systemd made only at a restart), then repeat `fitnessctl vault rotate`
        """
    }
}
