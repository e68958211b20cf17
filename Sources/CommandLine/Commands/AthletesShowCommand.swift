import ArgumentParser
import ControlAPI
import Foundation

struct AthletesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "One athlete: state, schedule and completeness.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.athlete, athlete: id), as: AthleteMessage.self) {
            AthleteText.text($0, now: Date())
        }
    }
}
