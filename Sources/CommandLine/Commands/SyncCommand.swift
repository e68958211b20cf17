import ArgumentParser
import ControlAPI
import Foundation
import Synchronization

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Request a sync now, of one athlete or of all.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.")
    var id: Int64?

    @Flag(help: "All athletes.")
    var all = false

    @Flag(help: "Walk the whole list of activities again.")
    var full = false

    @Option(help: "Only this step: list, detail or streams. Can be repeated. The other steps follow the regular schedule.")
    var only: [SyncRequestBody.Step] = []

    @Option(
        help: "With --only streams: only these streams, by Strava's names, separated by commas (heartrate,watts); time is always included.",
        transform: { $0.split(separator: ",").map(String.init) })
    var streams: [String]?

    @Flag(help: "Follow the sync to its end; exit 1 if it fails. With --json one progress message per line.")
    var wait = false

    @Flag(help: "Only show what it would cost, in calls and time; nothing is changed.")
    var dryRun = false

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("Give the number of one athlete, or --all.") }
        if full, !only.isEmpty, !only.contains(.list) { throw ValidationError("--full walks the list: add --only list.") }
        if wait, dryRun { throw ValidationError("--wait can't be used with --dry-run.") }
        if streams != nil, !only.contains(.streams) { throw ValidationError("--streams requires --only streams.") }
        try AthleteArgument.check(id)
    }

    func run() async throws {
        if dryRun { return try await price() }
        let target = ControlTarget(id == nil ? .syncAll : .syncAthlete, athlete: id)
        let body = SyncRequestBody(full: full, only: only.isEmpty ? nil : only, streams: streams)
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
        let target = ControlTarget(id == nil ? .priceAll : .priceAthlete, athlete: id, query: query)
        try await options.show(target, as: PriceMessage.self) { Self.text($0) }
    }

    private static func text(_ price: PriceMessage) -> String {
        let atLeast = price.unknownHistories == 0 ? "" : "at least "
        var lines = [
            "athletes     \(Phrase.number(price.athletes))",
            "calls        \(atLeast)\(Phrase.calls(price.calls))",
            "time         \(atLeast)\(price.durationS == 0 ? "moments" : "about \(Phrase.span(Double(price.durationS)))") (estimated)",
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

    private func follow(since: Date) async throws {
        let steps = only.isEmpty ? [] : [("only", only.map(\.rawValue).joined(separator: ","))]
        let target = ControlTarget(
            id == nil ? .progressAll : .progressAthlete, athlete: id, query: [("since", ControlTime.text(since))] + steps)
        let follower = ProgressFollower(isJSON: options.json)
        try await options.client.lines(target) { try follower.show($0) }
        try follower.finish()
    }
}

extension SyncRequestBody.Step: ExpressibleByArgument {}

/// Prints progress lines as they arrive and turns the last one into success or failure.
private final class ProgressFollower: Sendable {
    private let isJSON: Bool
    private let last = Mutex<ProgressMessage?>(nil)

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Prints one line; returns false after the last one.
    func show(_ line: [UInt8]) throws -> Bool {
        let message: ProgressMessage = try ControlClient.decoded(line)
        let previous = last.withLock { last in
            defer { last = message }
            return last
        }
        if isJSON {
            Terminal.print(Terminal.line(line))
        } else if Terminal.isInteractive {
            Terminal.replaceLine(text(message))
            if message.outcome != nil { Terminal.print("") }
        } else if previous.map({ !$0.isSameExceptTime(message) }) ?? true {
            Terminal.print(text(message))
        }
        return message.outcome == nil
    }

    /// Throws if the sync failed, was paused, or could not be followed to its end.
    func finish() throws {
        guard let message = last.withLock({ $0 }), let outcome = message.outcome else {
            throw CommandFailure("fitnessd stopped before the sync ended; it resumes when fitnessd starts again")
        }
        switch outcome {
        case .done: return
        case .paused: throw CommandFailure("paused; fitnessctl resume lets it continue")
        case .failed: throw CommandFailure(message.error ?? "the sync failed; fitnessctl athletes list shows where")
        }
    }

    private func text(_ message: ProgressMessage) -> String {
        var parts = [
            Phrase.count(message.activities, "activity", "activities"), "\(Phrase.count(message.landed, "answer", "answers")) landed",
            "\(Phrase.number(message.pending)) to fetch",
        ]
        if message.athletes != 1 {
            parts.insert("\(Phrase.number(message.finished)) of \(Phrase.number(message.athletes)) athletes", at: 0)
        }
        if let waiting = LimitsText.waiting(message.waiting, now: message.at) { parts.append(waiting) }
        if let outcome = message.outcome { parts.append(outcome.rawValue) }
        return parts.joined(separator: ", ")
    }
}
