import ArgumentParser
import ControlAPI

struct AthletesConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Print the link that a person opens in a browser to connect with Strava.")

    @OptionGroup var options: GlobalOptions

    @Option(help: "Your own name for this person: 1 to 128 of A-Z a-z 0-9 . _ : @ + -")
    var uid: String

    func validate() throws {
        guard !uid.isEmpty else { throw ValidationError("--uid must not be empty.") }
    }

    func run() async throws {
        try await options.show(ControlTarget(.connect), body: ConnectRequest(uid: uid), as: ConnectMessage.self) { $0.url }
    }
}
