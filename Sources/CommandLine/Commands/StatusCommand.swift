import ArgumentParser
import ControlAPI
import Foundation

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the daemon holds, does and waits for.")

    private static let watchInterval = Duration.seconds(2)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Show it every two seconds: on a terminal as a screen that q ends; with --json one message per line.")
    var watch = false

    @Flag(help: "Only say what needs a person and what to do, a line for each; exit 1 if anything does.")
    var check = false

    func validate() throws {
        if watch, check { throw ValidationError("--check can't be used with --watch.") }
    }

    func run() async throws {
        if check { return try await checkHealth() }
        if watch, Terminal.isInteractive, !options.json { return await StatusWatch(client: options.client).run() }
        try await show()
        while watch {
            try await Task.sleep(for: Self.watchInterval)
            try await show()
        }
    }

    private func checkHealth() async throws {
        let bytes = try await options.client.bytes(ControlTarget(.status))
        let status: StatusMessage = try ControlClient.decoded(bytes)
        Terminal.print(options.json ? Terminal.line(bytes) : HealthText.text(status))
        if !status.healthy { throw ExitCode(ExitStatus.failed) }
    }

    private func show() async throws {
        try await options.show(ControlTarget(.status), as: StatusMessage.self) { StatusText(status: $0, now: Date()).text }
    }
}

/// What needs a person, as `status --check` says it.
private enum HealthText {
    static func text(_ status: StatusMessage) -> String {
        if status.healthy { return "healthy: nothing needs a person" }
        return status.troubles.map { trouble in
            let advice = trouble.advice.map { "; to do: \($0)" } ?? ""
            return Terminal.red("\(trouble.level.rawValue.uppercased())  \(trouble.name): \(trouble.summary)\(advice)")
        }.joined(separator: "\n")
    }
}

extension DoctorMessage.Check {
    var name: String { part.replacing("_", with: " ") }
}

/// All that `status` shows.
struct StatusText {
    /// Where the values begin in the lines of the summary.
    static let valuesAt = 13

    let status: StatusMessage
    let now: Date

    var text: String { [Terminal.bold(headline), body(showsWindows: true)].joined(separator: "\n\n") }

    var headline: String { "fitnessd \(status.version), up \(Phrase.span(Double(status.uptimeS)))" }

    /// - Parameter showsWindows: whether the quota's windows are in it, as a table.
    func body(showsWindows: Bool) -> String {
        let parts = [
            summary, status.endpoints.isEmpty ? nil : Phrase.table(status.endpoints),
            showsWindows ? LimitsText.windows(status.quota, now: now) : nil, trouble, errors,
        ]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private var summary: String {
        let athletes = status.athletes
        var states = ["\(Phrase.number(athletes.active)) active"]
        if athletes.paused > 0 { states.append("\(Phrase.number(athletes.paused)) paused") }
        if athletes.reconnect > 0 { states.append("\(Phrase.number(athletes.reconnect)) to reconnect") }
        if athletes.erasing > 0 { states.append("\(Phrase.number(athletes.erasing)) being erased") }
        return """
            athletes     \(Phrase.number(athletes.total)) (\(states.joined(separator: ", "))), \(Phrase.number(athletes.working)) working
            activities   \(Phrase.number(status.activities))
            silver       \(Phrase.count(status.silver.points, "point", "points"))\(backlog)
            quarantine   \(Phrase.number(status.quarantined))
            quality      \(Phrase.quality(status.quality))
            events       \(WebhookCommand.events(status.events, now: now))
            complete     \(completion)\(database)
            health       \(health)
            """
    }

    private var completion: String {
        guard let completion = status.completion else { return "-" }
        let calls = completion.callsLeft > 0 ? "; \(Phrase.count(completion.callsLeft, "call", "calls")) left" : ""
        return (Phrase.completion(completion, now: now) ?? (athletesToSync == 0 ? "-" : "nothing is left to fetch")) + calls
    }

    private var health: String {
        if status.healthy { return "nothing needs a person" }
        let parts = status.troubles.map(\.name).joined(separator: ", ")
        return Terminal.red("needs a person: \(parts) (fitnessctl status --check)")
    }

    private var athletesToSync: Int { status.athletes.active }

    private var database: String { status.database.map { "\ndatabase     \(Phrase.size($0))" } ?? "" }

    private var backlog: String {
        guard status.silver.backlog > 0 else { return "" }
        let age = status.silver.oldestAt.map { ", the oldest waiting for \(Phrase.span(now.timeIntervalSince($0)))" } ?? ""
        return "; \(Phrase.count(status.silver.backlog, "activity", "activities")) to transform\(age)"
    }

    private var trouble: String? {
        let notices: [String?] = status.notices.map { "\($0.text) (since \(Phrase.time($0.since, now: now)))" }
        let lines = [
            status.silver.incident.map {
                "silver has been stopped for \(Phrase.span(now.timeIntervalSince($0.since))): \($0.reason)"
            },
            status.paused.map { "all syncing is paused \(Phrase.pause($0, now: now))" }, LimitsText.waiting(status.waiting, now: now),
        ]
        let text = (notices + lines).compactMap(\.self).joined(separator: "\n")
        return text.isEmpty ? nil : text
    }

    private var errors: String? {
        guard !status.lastErrors.isEmpty else { return nil }
        var table = TextTable(["athlete", "when", "failures", "last error"], numbers: [0, 2], times: [1])
        for error in status.lastErrors {
            table.add([String(error.athleteID), Phrase.cell(error.at, now: now), String(error.failures), error.error])
        }
        return table.text
    }
}
