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

    @Option(
        help: ArgumentHelp(
            "What is fetched of the past: full (detail and streams, newest activity first), streams-first or streams-only. Default: FITNESSD_HISTORY."
        ))
    var history: SyncRequestBody.History?

    @Flag(help: "Follow the sync to its end; exit 1 if it fails. With --json one progress message per line.")
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

    private func follow(since: Date) async throws {
        let steps = only.isEmpty ? [] : [("only", only.map(\.rawValue).joined(separator: ","))]
        let target = ControlTarget(
            id == nil ? .progressAll : .progressAthlete, athlete: id, query: [("since", ControlTime.text(since))] + steps)
        let follower = ProgressFollower(isJSON: options.json)
        do {
            try await options.client.lines(target) { try follower.show($0) }
        } catch {
            follower.leaveLine()
            throw error
        }
        follower.leaveLine()
        try follower.finish()
    }
}

extension SyncRequestBody.Step: ExpressibleByArgument {}
extension SyncRequestBody.History: ExpressibleByArgument {}

/// Shows progress as it arrives, on a terminal in one line that changes, and turns the last message into success or failure.
private final class ProgressFollower: Sendable {
    private struct Shown {
        var last: ProgressMessage?
        /// Nil on a terminal, where each message is shown.
        var printed: ProgressMessage?
        /// The cursor is behind a line that is still to change.
        var isInLine = false
    }

    private let isJSON: Bool
    private let shown = Mutex(Shown())

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Shows one message; returns false after the last one.
    func show(_ line: [UInt8]) throws -> Bool {
        let message: ProgressMessage = try ControlClient.decoded(line)
        shown.withLock { shown in
            shown.last = message
            if isJSON {
                Terminal.print(Terminal.line(line))
            } else if Terminal.isInteractive {
                Terminal.replaceLine(text(message))
                shown.isInLine = true
            } else if message.isWorthALine(after: shown.printed) {
                Terminal.print(text(message))
                shown.printed = message
            }
        }
        return message.outcome == nil
    }

    /// What is printed next begins a line of its own.
    func leaveLine() {
        shown.withLock { shown in
            if shown.isInLine { Terminal.print("") }
            shown.isInLine = false
        }
    }

    /// Throws if the sync failed, was paused, or could not be followed to its end.
    func finish() throws {
        guard let message = shown.withLock({ $0.last }), let outcome = message.outcome else {
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
        if message.isStale == true { parts.append("PostgreSQL can't be reached now, retrying") }
        if let waiting = LimitsText.waiting(message.waiting, now: message.at) { parts.append(waiting) }
        if let outcome = message.outcome { parts.append(outcome.rawValue) }
        return parts.joined(separator: ", ")
    }
}

extension ProgressMessage {
    /// Time between two lines where each stays, in seconds.
    static let lineInterval_s = 60.0

    /// Whether a log gets a line for it: the first and the last one, the beginning and the end of trouble, and else one a minute.
    func isWorthALine(after previous: ProgressMessage?) -> Bool {
        guard let previous else { return true }
        if outcome != nil || (isStale ?? false) != (previous.isStale ?? false) { return true }
        return !isSameExceptTime(previous) && at.timeIntervalSince(previous.at) >= Self.lineInterval_s
    }
}
