import ArgumentParser
import ControlAPI
import Foundation

struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "The subscription to Strava's events, which say at once what is new.",
        discussion: "An application has one subscription for all of its athletes. Without one, lists are looked at instead.",
        subcommands: [Status.self, Subscribe.self, Unsubscribe.self], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Whether there is one, whose it is, and what comes.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await options.show(ControlTarget(.webhook), as: WebhookMessage.self) { WebhookText(message: $0, now: Date()).text }
        }
    }

    struct Subscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have Strava send its events here.",
            discussion: "FITNESSD_PUBLIC_URL must be reachable from the internet: Strava tries it before it answers.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try await options.show(ControlTarget(.subscribe), as: WebhookMessage.self) { WebhookText(message: $0, now: Date()).text }
        }
    }

    struct Unsubscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End the subscription.")
        @OptionGroup var options: GlobalOptions

        @Flag(help: "End it also when its events go somewhere else.")
        var foreign = false

        func run() async throws {
            try await options.show(ControlTarget(.unsubscribe), body: UnsubscribeRequest(foreign: foreign), as: WebhookMessage.self) {
                WebhookText(message: $0, now: Date()).text
            }
        }
    }
}
