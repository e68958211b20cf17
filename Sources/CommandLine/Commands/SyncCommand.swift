import ArgumentParser
import ControlAPI
import Foundation

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Ask for a sync now, of one athlete or of all.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64?

    @Flag(help: "All athletes.")
    var all = false

    @Flag(help: "Walk the whole list of activities again.")
    var full = false

    @Flag(help: "Follow it to its end; exit 1 when it fails. With --json one progress message a line.")
    var wait = false

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("Name one athlete by its number, or say --all.") }
        try AthleteArgument.check(id)
    }

    func run() async throws {
        let target = ControlTarget(id == nil ? .syncAll : .syncAthlete, athlete: id)
        let bytes = try await options.client.bytes(target, body: SyncRequest(full: full))
        let accepted: AcceptedMessage = try ControlClient.decoded(bytes)
        if options.json {
            Terminal.print(Terminal.line(bytes))
        } else if !wait {
            Terminal.print("asked for a sync of \(Phrase.number(accepted.athletes)) athlete\(accepted.athletes == 1 ? "" : "s")")
        }
        if wait { try await follow(since: accepted.requestedAt) }
    }

    private func follow(since: Date) async throws {
        let target = ControlTarget(
            id == nil ? .progressAll : .progressAthlete, athlete: id, query: [("since", ControlTime.text(since))])
        let follower = ProgressFollower(isJSON: options.json)
        try await options.client.lines(target) { try follower.take($0) }
        try follower.finish()
    }
}
