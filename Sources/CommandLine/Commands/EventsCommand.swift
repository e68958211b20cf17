import ArgumentParser
import ControlAPI
import Foundation
import Synchronization

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happens: Strava's events, turns with what landed, pauses and other requests.",
        discussion: """
            Begins with the last ones (--last), or after an event id (--after), which --json shows with each event. With --follow it goes on until \
            interrupted; when the daemon restarts, it connects again and goes on where it was, without loss and without repetition.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Only what is about this athlete.", completion: CompletedValues.athletes)
    var athlete: Int64?

    @Flag(name: .shortAndLong, help: "Go on showing what happens, until interrupted.")
    var follow = false

    @Option(help: "Begin with so many past ones, 0 to 200.")
    var last = 20

    @Option(help: "Begin after the event of this id, in place of --last.")
    var after: String?

    func validate() throws {
        try AthleteArgument.check(athlete)
        guard (0...HappeningMessage.lastMax).contains(last) else {
            throw ValidationError("--last must be a number from 0 to \(HappeningMessage.lastMax).")
        }
    }

    func run() async throws {
        let progress = StreamProgress(after)
        if !follow { return try await list(progress) }
        var connection = Reconnection()
        while true {
            let count = progress.count
            var error: any Error = Reconnection.cutOff
            do {
                try await stream(progress) { Terminal.print(options.json ? Terminal.line($0) : line($1)) }
            } catch let failure {
                // One that was never reached is not waited for.
                if progress.count == 0 { throw failure }
                error = failure
            }
            if progress.count > count { connection.answered() }
            try await connection.wait(after: error)
        }
    }

    /// Those up to now, in a table.
    private func list(_ progress: StreamProgress) async throws {
        let events = Mutex<[HappeningMessage]>([])
        try await stream(progress) { data, event in
            if options.json { Terminal.print(Terminal.line(data)) } else { events.withLock { $0.append(event) } }
        }
        if options.json { return }
        let now = Date()
        var table = TextTable(["when", "athlete", "what"], numbers: [1], times: [0], optional: [1])
        for event in events.withLock({ $0 }) {
            table.add([Phrase.cell(event.at, now: now), event.athleteID.map { String($0) } ?? "-", what(event)])
        }
        Terminal.print(events.withLock(\.isEmpty) ? "nothing has happened yet" : table.text)
    }

    private func stream(_ progress: StreamProgress, _ show: @escaping @Sendable ([UInt8], HappeningMessage) -> Void) async throws {
        let place = progress.place
        let query = [
            ("follow", follow ? "true" : nil), ("athlete_id", athlete.map { String($0) }), ("after", place),
            ("last", place == nil ? String(last) : nil),
        ]
        let target = ControlTarget(.events, query: query.compactMap { name, value in value.map { (name: name, value: $0) } })
        try await options.client.lines(target) { line in
            try progress.received(line) { data in show(data, try ControlClient.decoded(data)) }
            return true
        }
    }

    /// As in a log, which is read later: with the time alone.
    private func line(_ event: HappeningMessage) -> String {
        let who = event.athleteID.map { "athlete \($0)" } ?? "-"
        return "\(ControlTime.text(event.at))  \(who.padding(toLength: max(18, who.count), withPad: " ", startingAt: 0))  \(what(event))"
    }

    private func what(_ event: HappeningMessage) -> String {
        switch event.kind {
        case "webhook":
            return "event: \(event.objectType ?? "object") \(event.objectID.map { String($0) } ?? "") \(event.aspect ?? "")"
        case "run":
            let calls = Phrase.count(event.calls ?? 0, "call", "calls")
            let end = event.error.map { ": \($0)" } ?? ""
            return
                "turn \(event.outcome ?? ""), \(calls), \(Phrase.number(event.landed ?? 0)) landed, \(Phrase.span(event.durationS ?? 0))\(end)"
        case "request":
            let end = event.refusal.map { ": \($0.replacing("_", with: " "))" } ?? ""
            return "\(event.user ?? "somebody") asked: \((event.action ?? "").replacing("_", with: " ")), \(event.outcome ?? "")\(end)"
        default: return event.kind
        }
    }
}

/// Reads server-sent events line by line, and knows after which of them to begin again.
private final class StreamProgress: Sendable {
    private struct State {
        var place: String?
        /// Of the event that is not complete yet.
        var next: String?
        var count = 0
    }

    private let state: Mutex<State>

    init(_ place: String?) { state = Mutex(State(place: place)) }

    var place: String? { state.withLock(\.place) }
    /// Lines that were received.
    var count: Int { state.withLock(\.count) }

    /// - Parameter show: takes the data of an event, which is one line.
    func received(_ line: [UInt8], _ show: ([UInt8]) throws -> Void) throws {
        let text = String(decoding: line.prefix(128), as: UTF8.self)
        state.withLock { state in
            state.count += 1
            if text.hasPrefix("id: ") { state.next = String(text.dropFirst(4)) }
            // The end of an event, or of a heartbeat.
            if line.isEmpty { state.place = state.next ?? state.place }
        }
        guard text.hasPrefix("data: ") else { return }
        try show(Array(line.dropFirst(6)))
        // It was shown: it must not come again, even if its end is lost.
        state.withLock { $0.place = $0.next ?? $0.place }
    }
}
