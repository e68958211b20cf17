import ArgumentParser
import ControlAPI

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End the pause of one athlete or of all.",
        discussion: "Athletes that were paused individually stay paused when the pause of all syncing ends.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete; default: all syncing.", completion: CompletedValues.athletes)
    var id: Int64?

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        let target = ControlTarget(id == nil ? .resumeAll : .resumeAthlete, athlete: id)
        try await options.show(target, as: ChangedMessage.self) { response in
            let who = id.map { "athlete \($0)" } ?? "all syncing"
            return response.changed ? "Resumed \(who)" : "There was no pause of \(who)"
        }
    }
}
