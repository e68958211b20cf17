import ControlAPI
import Core
import Foundation
import Governor
import Sync

/// When histories will be complete, as messages.
extension ControlRoutes {
    func completion(
        of athlete: AthleteMessage, _ standing: AthleteStanding, _ calls: CallsNeeded, now: Date
    ) async throws -> CompletionMessage {
        let unread = athlete.historyCompleteAt == nil ? 1 : 0
        if let reason = standing.unpredictable { return .unknown(reason, callsLeft: calls.history, unreadLists: unread) }
        return switch try await dependencies.completion.forecast(AthleteID(athlete.athleteID), calls: calls.history) {
        case .failure(let obstacle): .unknown(obstacle.rawValue, callsLeft: calls.history, unreadLists: unread)
        case .success(let outcome):
            CompletionMessage(
                in: outcome.seconds, from: now, callsLeft: calls.history, unreadLists: unread,
                latestRetryAt: calls.latestRetryAt)
        }
    }

    /// Of all athletes who can be synced.
    func completionOfAll(now: Date, isPaused: Bool) async throws -> CompletionMessage {
        switch try await dependencies.completion.forecast() {
        case .failure(let obstacle): .unknown(isPaused ? "everything_paused" : obstacle.rawValue, callsLeft: 0, unreadLists: 0)
        case .success((let forecast, _)) where isPaused:
            .unknown("everything_paused", callsLeft: forecast.callsLeft, unreadLists: forecast.unreadLists)
        case .success((let forecast, let seconds)):
            CompletionMessage(
                in: seconds, from: now, callsLeft: forecast.callsLeft, unreadLists: forecast.unreadLists, latestRetryAt: nil)
        }
    }
}

extension CompletionMessage {
    static func unknown(_ reason: String, callsLeft: Int, unreadLists: Int) -> CompletionMessage {
        CompletionMessage(completesAt: nil, unknownBecause: reason, notBefore: nil, callsLeft: callsLeft, unreadLists: unreadLists)
    }

    /// - Parameters:
    ///   - seconds: until all known calls are made.
    ///   - latestRetryAt: when the last of what failed is tried again; nil: nothing is.
    init(in seconds: Double, from now: Date, callsLeft: Int, unreadLists: Int, latestRetryAt: Date?) {
        let end = max(now.addingTimeInterval(seconds), latestRetryAt ?? .distantPast)
        let known = callsLeft > 0 ? end : nil
        self.init(
            completesAt: unreadLists == 0 ? known : nil, unknownBecause: unreadLists == 0 ? nil : "list_not_read",
            notBefore: unreadLists == 0 ? nil : known, callsLeft: callsLeft, unreadLists: unreadLists)
    }
}
