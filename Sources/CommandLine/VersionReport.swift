import ControlAPI
import Foundation

/// What `--version` prints: the version of this program on the first line, and that of the running daemon, if it answers.
enum VersionReport {
    /// A daemon that works answers at once.
    private static let patience = Duration.seconds(2)

    /// Whether the parser has ended with the version.
    static func isAskedFor(by error: any Error, _ arguments: [String]) -> Bool {
        arguments.contains("--version") && Fitnessctl.exitCode(for: error).isSuccess
            && Fitnessctl.fullMessage(for: error) == ProductVersion.current
    }

    static func print(_ arguments: [String]) async {
        Terminal.print(ProductVersion.current)
        let client = ControlClient(socketPath: GlobalOptions.socketPath(in: arguments), idleTimeout: patience)
        guard let bytes = try? await client.bytes(ControlTarget(.version)), let running = version(bytes) else { return }
        Terminal.print("fitnessd \(running) is running")
        if running != ProductVersion.current {
            Terminal.printError(
                """
                fitnessctl: warning: this is fitnessctl \(ProductVersion.current), and the running fitnessd is \(running): install both of one \
                version, then systemctl restart fitnessd
                """)
        }
    }

    private static func version(_ bytes: [UInt8]) -> String? {
        let message: VersionMessage? = try? ControlClient.decoded(bytes)
        return message?.version
    }
}
