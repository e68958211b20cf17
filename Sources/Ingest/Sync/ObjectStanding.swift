import Foundation
import StravaAPI
import SyncStore
import Warehouse

/// How it stands with one of the athlete's own objects; a row of `sync.athlete_object`.
public struct ObjectStanding: Sendable, Equatable {
    public let object: AthleteObject
    public var state: CompletenessState
    public var attempts: Int
    public var nextTryAt: Date?
    /// When Strava last answered.
    public var checkedAt: Date?
    /// Start of the newest activity with this gear.
    public var usedAt: Date?

    public init(
        _ object: AthleteObject, state: CompletenessState = .pending, attempts: Int = 0, nextTryAt: Date? = nil, checkedAt: Date? = nil,
        usedAt: Date? = nil
    ) {
        self.object = object
        self.state = state
        self.attempts = attempts
        self.nextTryAt = nextTryAt
        self.checkedAt = checkedAt
        self.usedAt = usedAt
    }

    /// The standing after a call that failed; nil when the error is about more than this object and ends the turn.
    func failed(_ error: StravaError, now: Date) -> ObjectChange? {
        if error.isApplicationWide { return nil }
        switch error.code {
        case .notFound: return ObjectChange(object, .gone, reason: "404")
        case .scopeMissing:
            // Strava names a permission; the athlete is asked for a scope (docs/strava-api.md 1.6).
            let scope = object == .zones ? "profile:read_all" : error.missingScope
            return ObjectChange(object, .noScope, reason: scope ?? "scope missing")
        case .paymentRequired: return ObjectChange(object, .noScope, reason: "payment required")
        case .serverError, .unreadable, .badRequest, .forbidden:
            let wait_s = OutcomeRules.failureWait_s * Double(1 << min(attempts, Self.doublingsMax))
            return ObjectChange(object, .failed, reason: error.code.rawValue, nextTryAt: now.addingTimeInterval(wait_s))
        default: return nil
        }
    }

    /// The standing after an answer that can't be one to what was asked: what is here stays, and it is asked for again a few times.
    func answeredWrongly(_ fault: WrongAnswer, now: Date) -> ObjectChange {
        let waits = OutcomeRules.wrongAnswerWaits_s
        guard attempts < waits.count else { return ObjectChange(object, .quarantined, reason: fault.rawValue) }
        return ObjectChange(object, .failed, reason: fault.rawValue, nextTryAt: now.addingTimeInterval(waits[attempts]))
    }

    /// The longest wait between two tries is two days: nothing else waits for these objects.
    private static let doublingsMax = 9
}

extension AthleteObject {
    var call: StravaCall {
        switch kind {
        case .profile: .athlete
        case .zones: .athleteZones
        case .gear: .gear(name)
        }
    }
}
