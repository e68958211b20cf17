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

    @Option(help: "Only this step: list, detail or streams; may be given several times. The rest waits for the ordinary rhythm.")
    var only: [SyncRequest.Step] = []

    @Option(
        help: "With --only streams: only these, by Strava's names, separated by commas (heartrate,watts); time comes along.",
        transform: { $0.split(separator: ",").map(String.init) })
    var streams: [String]?

    @Flag(help: "Follow it to its end; exit 1 when it fails. With --json one progress message a line.")
    var wait = false

    @Flag(help: "Only say what it would cost, in calls and hours; nothing is changed.")
    var dryRun = false

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("Name one athlete by its number, or say --all.") }
        if full, !only.isEmpty, !only.contains(.list) { throw ValidationError("--full walks the list: say --only list, too.") }
        if wait, dryRun { throw ValidationError("There is nothing to wait for with --dry-run.") }
        if streams != nil, !only.contains(.streams) { throw ValidationError("--streams goes with --only streams.") }
        try AthleteArgument.check(id)
    }

    func run() async throws {
        if dryRun { return try await price() }
        let target = ControlTarget(id == nil ? .syncAll : .syncAthlete, athlete: id)
        let bytes = try await options.client.bytes(target, body: SyncRequest(full: full, only: only.isEmpty ? nil : only, streams: streams))
        let accepted: AcceptedMessage = try ControlClient.decoded(bytes)
        if options.json {
            Terminal.print(Terminal.line(bytes))
        } else if !wait {
            Terminal.print("asked for a sync of \(Phrase.number(accepted.athletes)) athlete\(accepted.athletes == 1 ? "" : "s")")
        }
        if wait { try await follow(since: accepted.requestedAt) }
    }

    private func price() async throws {
        var query = full ? [(name: "full", value: "true")] : []
        if !only.isEmpty { query.append((name: "only", value: only.map(\.rawValue).joined(separator: ","))) }
        let target = ControlTarget(id == nil ? .priceAll : .priceAthlete, athlete: id, query: query)
        try await options.show(target, as: PriceMessage.self) { PriceText.text($0) }
    }

    private func follow(since: Date) async throws {
        let steps = only.isEmpty ? [] : [("only", only.map(\.rawValue).joined(separator: ","))]
        let target = ControlTarget(
            id == nil ? .progressAll : .progressAthlete, athlete: id, query: [("since", ControlTime.text(since))] + steps)
        let follower = ProgressFollower(isJSON: options.json)
        try await options.client.lines(target) { try follower.take($0) }
        try follower.finish()
    }
}

extension SyncRequest.Step: ExpressibleByArgument {}
