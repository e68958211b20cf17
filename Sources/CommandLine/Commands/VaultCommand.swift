import ArgumentParser
import ControlAPI
import Foundation

struct VaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Show, verify or change the keys that seal the athletes' tokens.",
        subcommands: [Status.self, VaultVerifyCommand.self, VaultRotateCommand.self], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the keys, what is sealed with each, and which fitnessd holds them.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await options.show(ControlTarget(.vault), as: VaultMessage.self) { VaultText.text($0, now: Date()) }
        }
    }
}

/// The keys and the instances as text.
enum VaultText {
    static func text(_ vault: VaultMessage, now: Date) -> String {
        var keys = TextTable(["key", "state", "athletes", "sealing since"], numbers: [2], times: [3])
        for key in vault.keys {
            keys.add([key.keyID, key.state, Phrase.number(key.athletes), Phrase.cell(key.sealingSince, now: now)])
        }
        var instances = TextTable(["fitnessd on", "keys", "seen"], times: [2])
        for instance in vault.instances {
            instances.add([
                instance.host + (instance.answers ? " (this one)" : ""), instance.keyIDs.joined(separator: ", "),
                Phrase.cell(instance.seenAt, now: now),
            ])
        }
        let rotation = vault.rotating ? "rotating: \(Phrase.count(vault.remaining, "athlete", "athletes")) to go" : nil
        return (["keyring \(vault.keyring)", keys.text, instances.text, rotation].compactMap(\.self) + notes(vault)).joined(
            separator: "\n\n")
    }

    /// What is left to be done by hand.
    static func notes(_ vault: VaultMessage) -> [String] {
        vault.keys.filter { $0.state == "retired" && $0.inKeyring }.map { key in
            """
            nothing is sealed with \(key.keyID) any more, but fitnessd may not write its keyring: run \
            `fitnessd keygen --retire \(key.keyID) \(vault.keyring)`, on each machine with a file of its own
            """
        }
    }

    /// `b.example (keys k1, k2)`.
    static func names(_ instances: [VaultMessage.Instance]) -> String {
        instances.map { "\($0.host) (instance \($0.instance), keys \($0.keyIDs.joined(separator: ", ")))" }.joined(separator: "; ")
    }
}
