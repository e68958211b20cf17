import ArgumentParser
import ControlAPI
import Foundation

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try again now what failed for one athlete.",
        discussion: """
            Clears the wait after failed turns, and that of each answer that failed. What is in the quarantine stays there: fitnessctl quarantine \
            retry.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Strava's number of the athlete.", completion: CompletedValues.athletes)
    var id: Int64

    func validate() throws { try AthleteArgument.check(id) }

    func run() async throws {
        try await options.show(ControlTarget(.retryAthlete, athlete: id), as: RetryMessage.self) { text($0) }
    }

    private func text(_ done: RetryMessage) -> String {
        let parts = [
            Phrase.count(done.failures, "failed turn", "failed turns"),
            Phrase.count(done.answers + done.objects, "failed answer", "failed answers"),
        ]
        var lines = ["Cleared \(parts.joined(separator: " and ")) of athlete \(id); the next turn is due"]
        if let pause = done.paused { lines.append("It comes after the athlete's pause \(Phrase.pause(pause, now: done.requestedAt))") }
        if done.quarantined > 0 {
            lines.append(
                "\(Phrase.count(done.quarantined, "entry stays", "entries stay")) in the quarantine: fitnessctl quarantine retry \(id)")
        }
        return lines.joined(separator: "\n")
    }
}
