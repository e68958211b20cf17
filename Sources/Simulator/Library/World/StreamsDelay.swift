import Foundation

/// Strava needs minutes after an upload until streams are ready; what it answers meanwhile differs (docs/strava-api.md 3.4).
public struct StreamsDelay: Sendable, Equatable {
    public enum Answer: Sendable {
        case notFound
        case empty
        /// Only `time` and `distance`.
        case partial
    }

    public let until: Date
    public let answer: Answer

    public init(until: Date, answer: Answer) {
        self.until = until
        self.answer = answer
    }
}
