import Foundation
import StravaAPI

/// The one exception to the limits: while those in force are in doubt and leave nothing, one call a quarter hour goes beyond them, within
/// what held before. Its answer says whether they are true.
extension RateBudget {
    /// The first probe goes this long after the doubt began, in seconds, so that its answer is certainly the newer one.
    static let probeAfter_s = 5.0

    /// What happens instead of `decision` while limits are in doubt.
    mutating func probe(insteadOf decision: BudgetDecision, in quarter: QuotaWindow, at moment: Moment) -> BudgetDecision {
        guard let doubt = limits.doubt, case .wait(_, let reason) = decision, isForWantOfQuota(reason, quarter) else { return decision }
        if flights.values.contains(where: \.isProbe) { return wait(nil, .answers, moment) }
        guard tally(quarter).free(doubt.quarter) > 0, tally(quarter.day).free(doubt.day) > 0 else { return decision }
        if probeGiven == quarter, tally(quarter).tokens > 0,
            let waiter = queue.first(where: \.reportsUsage) ?? queue.first(where: { _ in true })
        {
            probeGiven = nil
            return grant(waiter, quarter, moment, beyondDoubt: true)
        }
        if let probed, probed >= quarter { return wait(left_s(of: quarter, at: moment), .limitsInDoubt, moment) }
        let early_s = Double(doubt.since_s) + Self.probeAfter_s - clock.reading(at: moment).lowerBound
        if early_s > 0 { return wait(min(early_s, left_s(of: quarter, at: moment)), .limitsInDoubt, moment) }
        if isAsking { return wait(nil, .ledger, moment) }
        if moment.uptime_s < askAgainAt_s { return wait(askAgainAt_s - moment.uptime_s, .ledger, moment) }
        wantsProbe = true
        return .lease(calls: 1)
    }

    /// A call sent beyond limits in doubt ended. When it was not sent after all, it may still be made; when it was answered without a word about
    /// limits, as streams are, they are not true.
    mutating func probeEnded(_ flight: Flight, _ outcome: CallOutcome, answeredAt_s: Double) -> Bool {
        if !outcome.isSpent {
            probeGiven = flight.quarter
            return false
        }
        guard case .answered(let status, let headers, _) = outcome, status < 500, status != 429 else { return false }
        return LearnedLimits.named(by: headers) ? false : limits.disprove(at_s: answeredAt_s)
    }

    private func isForWantOfQuota(_ reason: WaitReason, _ quarter: QuotaWindow) -> Bool {
        switch reason {
        case .quarterSpent, .daySpent, .reserve, .dayPace: true
        case .answers: flights(in: quarter).isEmpty
        case .ledger, .windowEdge, .scouting, .rateLimited, .circuitOpen, .circuitProbing, .limitsInDoubt: false
        }
    }
}
