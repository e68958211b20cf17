import ArgumentParser
import ControlAPI

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End the pause of one athlete, or of everything.",
        discussion: "Ending the pause of everything leaves athletes paused who were paused one by one.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete; none: everything.")
    var id: Int64?

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        let target = ControlTarget(id == nil ? .resumeAll : .resumeAthlete, athlete: id)
        try await options.show(target, as: ChangedMessage.self) { answer in
            let who = id.map { "athlete \($0)" } ?? "everything"
            return answer.changed ? "\(who) goes on" : "\(who) was not paused"
        }
    }
}
