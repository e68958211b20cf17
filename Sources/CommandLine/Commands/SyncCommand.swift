import ArgumentParser
import ControlAPI
import Foundation

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Request a sync now, of one athlete or of all.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64?

    @Flag(help: "All athletes.")
    var all = false

    @Flag(help: "Walk the whole list of activities again.")
    var full = false

    @Option(help: "Only this step: list, detail or streams. Can be repeated. The other steps follow the regular schedule.")
    var only: [SyncRequestBody.Step] = []

    @Option(
        help: "With --only streams: only these streams, by Strava's names, separated by commas (heartrate,watts); time is always included.",
        completion: CompletedValues.streams,
        transform: { $0.split(separator: ",").map(String.init) })
    var streams: [String]?

    @Option(
        help: ArgumentHelp(
            "What is fetched of the past: full (detail and streams, newest activity first), streams-first or streams-only. Default: FITNESSD_HISTORY."
        ))
    var history: SyncRequestBody.History?

    @Flag(
        help:
            "Follow the sync to its end, through restarts of the daemon, too; exit 1 if it fails. With --json one progress message per line."
    )
    var wait = false

    @Flag(help: "Only show what it would cost, in calls and time; nothing is changed.")
    var dryRun = false

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("Give the number of one athlete, or --all.") }
        if full, !only.isEmpty, !only.contains(.list) { throw ValidationError("--full walks the list: add --only list.") }
        if history != nil, !only.isEmpty { throw ValidationError("--history can't be used with --only, which names the steps itself.") }
        if wait, dryRun { throw ValidationError("--wait can't be used with --dry-run.") }
        if streams != nil, !only.contains(.streams) { throw ValidationError("--streams requires --only streams.") }
        try AthleteArgument.check(id)
    }

    func run() async throws {
        if dryRun { return try await price() }
        let target = ControlTarget(id == nil ? .syncAll : .syncAthlete, athlete: id)
        let body = SyncRequestBody(full: full, only: only.isEmpty ? nil : only, streams: streams, history: history)
        let bytes = try await options.client.bytes(target, body: body)
        let accepted: AcceptedMessage = try ControlClient.decoded(bytes)
        if options.json {
            Terminal.print(Terminal.line(bytes))
        } else if !wait {
            Terminal.print("Requested a sync of \(Phrase.count(accepted.athletes, "athlete", "athletes"))")
        }
        if wait { try await follow(since: accepted.requestedAt) }
    }

    private func price() async throws {
        var query = full ? [(name: "full", value: "true")] : []
        if !only.isEmpty { query.append((name: "only", value: only.map(\.rawValue).joined(separator: ","))) }
        if let history { query.append((name: "history", value: history.rawValue)) }
        let target = ControlTarget(id == nil ? .priceAll : .priceAthlete, athlete: id, query: query)
        try await options.show(target, as: PriceMessage.self) { Self.text($0, now: Date()) }
    }

    private static func time(_ price: PriceMessage, now: Date) -> String {
        guard let seconds = price.durationS else {
            return "can't be said: \(Phrase.unknownReason(price.unknownBecause ?? "quota_unknown", lists: price.unknownHistories))"
        }
        if price.unknownBecause != nil { return "at least \(seconds < 60 ? "a minute" : Phrase.span(Double(seconds)))" }
        let span = seconds < 60 ? "less than a minute" : "about \(Phrase.span(Double(seconds)))"
        let end = price.completesAt.map { seconds < 60 ? "" : ", done \(Phrase.time($0, now: now))" } ?? ""
        return "\(span)\(end), if nobody new connects"
    }

    private static func text(_ price: PriceMessage, now: Date) -> String {
        let atLeast = price.unknownHistories == 0 ? "" : "at least "
        var lines = [
            "athletes     \(Phrase.number(price.athletes))",
            "calls        \(atLeast)\(Phrase.calls(price.calls))",
            "time         \(time(price, now: now))",
            "quota        \(Phrase.number(price.dayLeft)) of \(Phrase.number(price.dayLimit)) calls left today; the regular schedule took "
                + "\(Phrase.number(price.ordinaryCallsPerDay)) in the last 24 h",
        ]
        if price.unknownHistories > 0 {
            let athletes = Phrase.count(
                price.unknownHistories, "athlete whose activity list is", "athletes whose activity lists are")
            lines.append("not included activities of \(athletes) not fully read yet")
        }
        return (lines + ["nothing was changed"]).joined(separator: "\n")
    }

    /// Through restarts of the daemon, too: the request is in PostgreSQL, and so is how far it is.
    private func follow(since: Date) async throws {
        let steps = only.isEmpty ? [] : [("only", only.map(\.rawValue).joined(separator: ","))]
        let target = ControlTarget(
            id == nil ? .progressAll : .progressAthlete, athlete: id, query: [("since", ControlTime.text(since))] + steps)
        let follower = ProgressFollower(isJSON: options.json)
        var connection = Reconnection()
        while true {
            let count = follower.count
            var error: any Error = Reconnection.cutOff
            do { try await options.client.lines(target) { try follower.show($0) } } catch let failure { error = failure }
            follower.leaveLine()
            if let end = follower.end { return try Self.finish(end.0, end.1) }
            if follower.count > count { connection.answered() }
            try await connection.wait(after: error)
        }
    }

    private static func finish(_ outcome: ProgressMessage.SyncOutcome, _ error: String?) throws {
        switch outcome {
        case .done: return
        case .paused: throw CommandFailure("paused; fitnessctl resume lets it continue")
        case .failed: throw CommandFailure(error ?? "the sync failed; fitnessctl athletes list shows where")
        }
    }
}

extension SyncRequestBody.Step: ExpressibleByArgument {}
extension SyncRequestBody.History: ExpressibleByArgument {}
