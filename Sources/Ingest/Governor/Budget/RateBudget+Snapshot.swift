import Foundation

extension RateBudget {
    package func snapshot(at moment: Moment, waitingFor: (until: Date, reason: WaitReason)?) -> GovernorSnapshot {
        let quarter = currentQuarter(at: moment)
        let until = waitingFor.flatMap { $0.until == .distantFuture ? nil : $0.until }
        return GovernorSnapshot(
            at: moment.wall, windows: [window(quarter), window(quarter.day)], inFlight: flights.count,
            waiting: byClass { queue.count($0) }, granted: byClass { granted[$0.rawValue] }, circuit: circuitSnapshot(at: moment),
            waitingUntil: until, waitingReason: waitingFor?.reason, policy: policy,
            clockOffset_s: clock.offset_s(at: moment))
    }

    private func currentQuarter(at moment: Moment) -> QuotaWindow {
        switch clock.place(at: moment) {
        case .inside(let quarter), .edge(let quarter, _): quarter
        }
    }

    private func window(_ window: QuotaWindow) -> WindowSnapshot {
        let (tally, limits) = (tally(window), limits[window.span])
        let flying = flights.values.filter { window.span == .day ? $0.quarter.day == window : $0.quarter == window }
        let leased = window.span == .day ? quarters.filter { $0.window.day == window }.reduce(0) { $0 + $1.tokens } : tally.tokens
        return WindowSnapshot(
            span: window.span, startsAt: window.startsAt, resetsAt: window.endsAt, limit: limits.least,
            overallLimit: limits.overall, readLimit: limits.read, used: tally.used(limits), foreign: tally.foreign,
            reserved: flying.count, leased: leased, exhausted: tally.exhausted)
    }

    private func byClass(_ count: (RequestClass) -> Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: RequestClass.allCases.map { ($0.name, count($0)) })
    }

    private func circuitSnapshot(at moment: Moment) -> CircuitSnapshot {
        guard let open = circuit.open else { return CircuitSnapshot(state: .closed, reason: nil, until: nil) }
        let until = open.until_s.map { moment.wall(after: $0 - moment.uptime_s) }
        return CircuitSnapshot(state: open.probing ? .probing : .open, reason: circuit.reason, until: until)
    }
}
