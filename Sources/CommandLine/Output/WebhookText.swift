import ControlAPI
import Foundation

/// The subscription to Strava's events as text.
struct WebhookText {
    let message: WebhookMessage
    let now: Date

    var text: String {
        """
        subscription \(subscription)
        events       \(EventsText(events: message.events, now: now).text)
        """
    }

    private var subscription: String {
        guard message.subscribed else { return "none: fitnessctl webhook subscribe makes one" }
        let place = message.address.map { " (\(Terminal.safe($0)))" } ?? ""
        return message.ours ? "events come here\(place)" : "events go somewhere else\(place)"
    }
}

/// How Strava's events do, as text.
struct EventsText {
    let events: StatusMessage.Events
    let now: Date

    var text: String {
        guard let last = events.lastEventAt else { return "none: lists are looked at instead" }
        let share = "\(Phrase.number(events.announced)) of \(Phrase.number(events.found)) new activities of the last day announced"
        let trouble = events.state == "silent" ? "; they have stopped: look at fitnessctl webhook status" : ""
        return "last \(Phrase.relative(last, now: now)), \(share)\(trouble)"
    }
}
