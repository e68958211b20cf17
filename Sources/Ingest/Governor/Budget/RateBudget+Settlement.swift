import Core
import Foundation
import StravaAPI

/// Something that happened to the application as a whole: logged once, shown in status.
package enum BudgetIncident: Sendable, Equatable {
    /// The first 429 of a window: nothing goes before it ends.
    case rateLimited(QuotaSpan, until: Date)
    case limitsChanged(LearnedLimits)
    /// A header named limits that can't be: they hold, and one call a quarter hour asks again.
    case limitsDoubted(LearnedLimits)
    /// `kind` says more about trouble of the network: resolve, connect, tls, timeout, reset.
    case circuitOpened(ApplicationTrouble, kind: String?, until: Date)
    /// The probe failed too.
    case circuitStillOpen(ApplicationTrouble, kind: String?, until: Date)
    /// The first trouble since the last good answer.
    case troubleBegan(ApplicationTrouble, kind: String?)
    case circuitClosed(after: ApplicationTrouble)
}

extension RateBudget {
    /// A call that nobody settled for this long is taken for lost: spent, fate unknown.
    static let flightMax_s = 600.0
    /// A call of unknown fate may still arrive for this long after it ended here.
    static let unknownGrace_s = 60.0

    /// A permitted call ended.
    package mutating func settle(_ permit: Permit, _ outcome: CallOutcome, at moment: Moment) -> [BudgetIncident] {
        guard let flight = flights.removeValue(forKey: permit.id) else { return [] }
        if let date = outcome.serverDate { clock.heard(date, sentAt: flight.sentAt, now: moment) }
        var incidents: [BudgetIncident] = []
        if learns(from: outcome, of: flight, at: moment) {
            incidents.append(limits.doubt == nil ? .limitsChanged(limits) : .limitsDoubted(limits))
        }
        if outcome.isSpent { count(flight, outcome, at: moment) } else { giveBack(flight, at: moment) }
        if outcome.isAnswered { scouted = max(scouted ?? flight.quarter, flight.quarter) }
        if outcome.isRateLimited { incidents += refused(flight, outcome, at: moment) }
        let event = circuit.settled(permit.id, outcome.verdict, athlete: permit.athlete, at: moment.uptime_s)
        if let event { incidents.append(incident(event, outcome.networkTrouble, at: moment)) }
        return incidents
    }

    /// Settles what nobody settled in time, as unknown. Returns how many.
    package mutating func reapFlights(at moment: Moment) -> Int {
        let lost = flights.values.filter { moment.uptime_s - $0.sentAt.uptime_s > Self.flightMax_s }
        for flight in lost { _ = settle(flight.permit, .unknown, at: moment) }
        return lost.count
    }

    // MARK: Parts

    /// Takes over what the outcome says about the limits. True when they changed, or came into doubt or out of it.
    private mutating func learns(from outcome: CallOutcome, of flight: Flight, at moment: Moment) -> Bool {
        let answeredAt_s = answeredAt_s(flight, outcome, moment)
        var hasChanged = false
        if let headers = outcome.rateLimit { hasChanged = limits.learn(headers, at_s: answeredAt_s) }
        if outcome.isRateLimited { hasChanged = limits.confirm(at_s: answeredAt_s.upperBound) || hasChanged }
        if flight.isProbe { hasChanged = probeEnded(flight, outcome, answeredAt_s: answeredAt_s.upperBound) || hasChanged }
        return hasChanged
    }

    /// The call counts. Where it certainly ended within its window, the header speaks of that window; else it may have arrived
    /// in the next one too, and the header says nothing certain about either.
    private mutating func count(_ flight: Flight, _ outcome: CallOutcome, at moment: Moment) {
        let place = clock.place(at: moment)
        let heardIn = outcome.serverDate.map { QuotaWindow(.quarter, containing: $0.timeIntervalSince1970) }
        let isInside = place == .inside(flight.quarter) && (heardIn ?? flight.quarter) == flight.quarter && !isUnknown(outcome)
        // Strava wrote the answer before the window's end, so the call did not arrive after it.
        let wasBefore = outcome.serverDate.map { $0.timeIntervalSince1970 + 2 <= Double(flight.quarter.end_s) } ?? false
        if isInside || (wasBefore && heardIn == flight.quarter) { change(flight.quarter) { $0.settled += 1 } }
        let mayBe = isInside || heardIn == flight.quarter ? flight.quarter : flight.quarter.next
        include(flight, isInside ? outcome : nil, in: mayBe, ended: ended(outcome, moment))
        let isInsideDay =
            isInside || (flight.quarter.day == flight.quarter.next.day && !isUnknown(outcome) && heardSameDay(flight, outcome))
        include(flight, isInsideDay ? outcome : nil, in: isInsideDay ? flight.quarter.day : mayBe.day, ended: ended(outcome, moment))
        countWhereHeard(heardIn, flight)
        untold.insert(flight.quarter)
    }

    /// Adds what the headers say to a window; without headers the call waits for another answer's number to include it.
    private mutating func include(_ flight: Flight, _ outcome: CallOutcome?, in window: QuotaWindow, ended: Double) {
        let usage = WindowUsage(outcome?.rateLimit, window.span).flatMap { canBe($0, outcome, window.span) ? $0 : nil }
        change(window) { tally in
            if let usage {
                let othersSettled = window.span == .quarter ? flight.othersSettled.quarter : flight.othersSettled.day
                tally.observed(usage, sentAt_s: flight.sentAt.uptime_s, othersSettled: othersSettled)
            } else {
                tally.ended(at: ended)
            }
        }
    }

    /// A usage above the limit comes with a refusal. With any other answer it is as wrong as a limit that can't be, and says nothing.
    private func canBe(_ usage: WindowUsage, _ outcome: CallOutcome?, _ span: QuotaSpan) -> Bool {
        if outcome?.isRateLimited ?? false { return true }
        let held = limits.doubt?[span] ?? limits[span]
        let (overall, read) = (outcome?.rateLimit?.overall, outcome?.rateLimit?.read)
        let told = span == .quarter ? (overall?.quarterLimit, read?.quarterLimit) : (overall?.dayLimit, read?.dayLimit)
        return usage.overall <= max(held.overall, told.0 ?? 0) && usage.read <= max(held.read ?? held.overall, told.1 ?? 0)
    }

    /// The local clock had put the call into another window than Strava did: it counts there as well.
    private mutating func countWhereHeard(_ heardIn: QuotaWindow?, _ flight: Flight) {
        guard let heardIn, heardIn != flight.quarter, heardIn != flight.quarter.next else { return }
        change(heardIn) { $0.spent += 1 }
        if heardIn.day != flight.quarter.day { change(heardIn.day) { $0.spent += 1 } }
        untold.insert(heardIn)
    }

    /// The call was not made: its token is free again as long as its window lasts.
    private mutating func giveBack(_ flight: Flight, at moment: Moment) {
        let isUrgent = flight.permit.requestClass.isUrgent
        let isCurrent = clock.place(at: moment) == .inside(flight.quarter)
        change(flight.quarter) {
            $0.spent -= 1
            if isCurrent { $0.tokens += 1 }
            if isUrgent { $0.urgentSpent -= 1 }
        }
        change(flight.quarter.day) {
            $0.spent -= 1
            if isUrgent { $0.urgentSpent -= 1 }
        }
        untold.insert(flight.quarter)
    }

    /// A 429: the window whose number is hit is over for us. Without headers it is the quarter's.
    private mutating func refused(_ flight: Flight, _ outcome: CallOutcome, at moment: Moment) -> [BudgetIncident] {
        let date = outcome.serverDate?.timeIntervalSince1970
        let quarter = date.map { QuotaWindow(.quarter, containing: $0) } ?? flight.quarter
        let dayIsHit = WindowUsage(outcome.rateLimit, .day)?.reaches(limits.day) ?? false
        let window = dayIsHit ? quarter.day : quarter
        untold.insert(quarter)
        if tally(window).exhausted { return [] }
        change(window) { $0.exhausted = true }
        return [.rateLimited(window.span, until: window.endsAt)]
    }

    /// When Strava gave the answer, by its own clock.
    private func answeredAt_s(_ flight: Flight, _ outcome: CallOutcome, _ moment: Moment) -> ClosedRange<Double> {
        if let date = outcome.serverDate?.timeIntervalSince1970 { return date...date }
        let (first, last) = (clock.reading(at: flight.sentAt).lowerBound, clock.reading(at: moment).upperBound)
        return min(first, last)...last
    }

    private func isUnknown(_ outcome: CallOutcome) -> Bool { !outcome.isAnswered }

    private func heardSameDay(_ flight: Flight, _ outcome: CallOutcome) -> Bool {
        guard let date = outcome.serverDate else { return true }
        return QuotaWindow(.day, containing: date.timeIntervalSince1970) == flight.quarter.day
    }

    private func ended(_ outcome: CallOutcome, _ moment: Moment) -> Double {
        isUnknown(outcome) ? moment.uptime_s + Self.unknownGrace_s : moment.uptime_s
    }

    private func incident(_ event: Circuit.Event, _ kind: String?, at moment: Moment) -> BudgetIncident {
        switch event {
        case .opened(let reason, let backOff_s): .circuitOpened(reason, kind: kind, until: moment.wall(after: backOff_s))
        case .stillOpen(let reason, let backOff_s): .circuitStillOpen(reason, kind: kind, until: moment.wall(after: backOff_s))
        case .began(let reason): .troubleBegan(reason, kind: kind)
        case .resumed(let reason): .circuitClosed(after: reason)
        }
    }
}
