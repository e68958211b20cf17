import ArgumentParser
import ControlAPI

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have the daemon read its settings again.",
        discussion: """
            What can change without a restart does; what can't is named. If a setting can't be used, all old ones stay in force, and the exit code \
            is 1. The same as SIGHUP, or systemctl reload.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.reload), body: [String: String]())
        let reload: ReloadMessage = try ControlClient.decoded(bytes)
        if reload.refused.isEmpty || options.json { Terminal.print(options.json ? Terminal.line(bytes) : Self.text(reload)) }
        guard !reload.refused.isEmpty else { return }
        throw CommandFailure("nothing changed, the old settings stay in force: \(reload.refused.joined(separator: "; "))")
    }

    private static func text(_ reload: ReloadMessage) -> String {
        let applied =
            reload.applied.isEmpty
            ? "Reloaded; no setting that can change without a restart has changed" : "Applied \(reload.applied.joined(separator: ", "))"
        return reload.needRestart.isEmpty ? applied : applied + "\nRestart fitnessd to apply \(reload.needRestart.joined(separator: ", "))"
    }
}
