import ArgumentParser
import ControlAPI
import Foundation

struct DashboardURLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard-url", abstract: "Print the URL by which dashboards on this machine reach the private PostgreSQL.",
        discussion: """
            It is the only line of standard output, so that psql "$(fitnessctl dashboard-url)" works. The role fitness_dashboard reads silver and \
            metrics, all athletes, and nothing else. Its password is in the file that the URL names, which the daemon's account alone can read.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.dashboard))
        if options.json { return Terminal.print(Terminal.line(bytes)) }
        let message: DashboardMessage = try ControlClient.decoded(bytes)
        Terminal.print(message.url)
        if access(message.passfile, R_OK) != 0 {
            Terminal.printError(
                "This account can't read \(message.passfile): use the URL as the daemon's account, or a copy of the file with mode 0600.")
        }
    }
}
