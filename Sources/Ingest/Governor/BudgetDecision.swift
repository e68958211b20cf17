import Foundation

/// What may happen now.
package enum BudgetDecision: Sendable, Equatable {
    /// The waiting call with this number may go.
    case grant(UInt64, Permit)
    /// The ledger must be asked for this many calls first; 0: it must be read.
    case askLedger(calls: Int)
    /// Nothing may go before `until`, or before something is settled (`distantFuture`: only then).
    case wait(until: Date, WaitReason)
    /// No call waits.
    case idle
}

/// Something that happened to the application as a whole: logged once, shown in status.
package enum BudgetIncident: Sendable, Equatable {
    /// The first 429 of a window: no call goes before the window ends.
    case rateLimited(QuotaSpan, until: Date)
    case limitsChanged(LearnedLimits)
    /// A header named implausible limits: they hold, and one call a quarter hour checks them.
    case limitsDoubted(LearnedLimits)
    /// The first trouble since the last good answer. `kind` says more about network trouble: resolve, connect, tls, timeout, reset.
    case troubleBegan(ApplicationTrouble, kind: String?)
    case circuitOpened(ApplicationTrouble, kind: String?, until: Date)
    /// The probe failed, too.
    case circuitStillOpen(ApplicationTrouble, kind: String?, until: Date)
    case circuitClosed(after: ApplicationTrouble)

    init(_ event: Circuit.Event, kind: String?, at moment: Moment) {
        self =
            switch event {
            case .began(let reason): .troubleBegan(reason, kind: kind)
            case .opened(let reason, let backOff_s): .circuitOpened(reason, kind: kind, until: moment.wall(after: backOff_s))
            case .stillOpen(let reason, let backOff_s): .circuitStillOpen(reason, kind: kind, until: moment.wall(after: backOff_s))
            case .resumed(let reason): .circuitClosed(after: reason)
            }
    }
}
