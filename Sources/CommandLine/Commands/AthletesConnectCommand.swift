import ArgumentParser
import ControlAPI

struct AthletesConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Print the link with which a person connects with Strava in a browser.")

    @OptionGroup var options: GlobalOptions

    @Option(help: "Your own name for this person.")
    var uid: String

    func validate() throws {
        guard (1...256).contains(uid.utf8.count) else { throw ValidationError("--uid must have 1 to 256 bytes.") }
    }

    func run() async throws {
        try await options.show(ControlTarget(.connect), body: ConnectRequest(uid: uid), as: ConnectMessage.self) {
            Terminal.safe($0.url)
        }
    }
}
