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
        let forecast = try await dependencies.completion.forecast(
            AthleteID(athlete.athleteID), calls: calls.history, retryAt: calls.latestRetryAt)
        return switch forecast {
        case .failure(let obstacle): .unknown(obstacle.rawValue, callsLeft: calls.history, unreadLists: unread)
        case .success(let outcome):
            CompletionMessage(in: outcome.seconds, from: now, callsLeft: calls.history, unreadLists: unread)
        }
    }

    /// Of all athletes who can be synced.
    func completionOfAll(now: Date, isPaused: Bool) async throws -> CompletionMessage {
        switch try await dependencies.completion.forecast() {
        case .failure(let obstacle): return .unknown(isPaused ? "everything_paused" : obstacle.rawValue, callsLeft: 0, unreadLists: 0)
        case .success(let outcome):
            let (calls, lists) = (outcome.forecast.callsLeft, outcome.forecast.unreadLists)
            if isPaused { return .unknown("everything_paused", callsLeft: calls, unreadLists: lists) }
            if outcome.isBackingOff { return .unknown("backing_off", callsLeft: calls, unreadLists: lists) }
            return CompletionMessage(in: outcome.seconds, from: now, callsLeft: calls, unreadLists: lists)
        }
    }
}

extension CompletionMessage {
    static func unknown(_ reason: String, callsLeft: Int, unreadLists: Int) -> CompletionMessage {
        CompletionMessage(completesAt: nil, unknownBecause: reason, notBefore: nil, callsLeft: callsLeft, unreadLists: unreadLists)
    }

    /// - Parameter seconds: until all known calls are made.
    init(in seconds: Double, from now: Date, callsLeft: Int, unreadLists: Int) {
        let known = callsLeft > 0 ? now.addingTimeInterval(seconds) : nil
        self.init(
            completesAt: unreadLists == 0 ? known : nil, unknownBecause: unreadLists == 0 ? nil : "list_not_read",
            notBefore: unreadLists == 0 ? nil : known, callsLeft: callsLeft, unreadLists: unreadLists)
    }
}
