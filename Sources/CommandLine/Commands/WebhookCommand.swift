import ArgumentParser
import ControlAPI
import Foundation

struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Show or change the subscription to Strava's events.",
        discussion: """
            Events announce new, changed and deleted activities at once. An application has one subscription for all its athletes; without it, \
            the athletes' lists are polled.
            """,
        subcommands: [Status.self, Subscribe.self, Unsubscribe.self], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the subscription and the events received.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await options.show(ControlTarget(.webhook), as: WebhookMessage.self) { text($0) }
        }
    }

    struct Subscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have Strava send its events to this daemon.",
            discussion: "FITNESSD_PUBLIC_URL must be reachable from the internet: Strava calls it before it accepts the subscription.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await options.show(ControlTarget(.subscribe), as: WebhookMessage.self) { text($0) }
        }
    }

    struct Unsubscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End the subscription.")
        @OptionGroup var options: GlobalOptions

        @Flag(help: "End it even if its events are sent elsewhere.")
        var foreign = false

        func run() async throws {
            try await options.show(ControlTarget(.unsubscribe), body: UnsubscribeRequest(foreign: foreign), as: WebhookMessage.self) {
                text($0)
            }
        }
    }

    private static func text(_ webhook: WebhookMessage) -> String {
        """
        subscription \(subscription(webhook))
        events       \(events(webhook.events, now: Date()))
        """
    }

    private static func subscription(_ webhook: WebhookMessage) -> String {
        guard webhook.subscribed else { return "none; fitnessctl webhook subscribe creates one" }
        let address = webhook.address.map { " (\($0))" } ?? ""
        return webhook.ours ? "active, events are sent here\(address)" : "active, but events are sent elsewhere\(address)"
    }

    /// How well Strava's events work; `status` shows it, too.
    static func events(_ events: StatusMessage.Events, now: Date) -> String {
        guard let last = events.lastEventAt else { return "none received; polling instead" }
        let share =
            "\(Phrase.number(events.announced)) of the last day's \(Phrase.count(events.found, "new activity", "new activities")) announced"
        let trouble = events.state == "silent" ? "; too few: check fitnessctl webhook status" : ""
        return "last \(Phrase.time(last, now: now)), \(share)\(trouble)"
    }
}
