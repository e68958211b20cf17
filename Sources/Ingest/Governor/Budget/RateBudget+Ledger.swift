import Foundation

extension RateBudget {
    /// While something is untold, the ledger hears of it this often, so that other instances see what is included.
    static let tellEvery_s = 2.0
    /// Leased calls that nobody wanted for this long are given back.
    static let idleAfter_s = 5.0

    /// What to tell the ledger now, oldest quarter first, asking for `want` calls of the present quarter (none near an edge);
    /// nil: only tell. The answers go to `took`; until then no further turn is made.
    package mutating func turns(want: Int? = nil, at moment: Moment) -> [QuotaTurn] {
        isAsking = true
        toldAt_s = moment.uptime_s
        if rereadAt_s != nil {
            rereadAt_s = nil
            rereads += 1
        }
        let present = presentQuarter(at: moment)
        defer { wantsProbe = false }
        if want == nil, isIdle(at: moment) { returnTokens(of: quarters.map(\.window)) }
        returnTokens(of: quarters.map(\.window).filter { $0 != present })
        var told = untold.filter { window in quarters.contains { $0.window == window } }
        if let present { told.insert(present) }
        untold = []
        return told.sorted().map { turn($0, want: $0 == present ? want ?? 0 : 0) }
    }

    /// The last words of a clean stop: every call that was leased and not made is given back.
    package mutating func closingTurns(at moment: Moment) -> [QuotaTurn] {
        returnTokens(of: quarters.map(\.window))
        let told = untold.filter { window in quarters.contains { $0.window == window } }
        untold = []
        isAsking = true
        return told.sorted().map { turn($0, want: 0) }
    }

    /// The ledger answered.
    package mutating func took(_ answers: [(turn: QuotaTurn, answer: QuotaAnswer)], at moment: Moment) {
        isAsking = false
        for (turn, answer) in answers {
            limits.merge(answer.limits)
            change(turn.quarter) { tally in
                tally.tokens += answer.granted
                tally.took(answer.quarter)
            }
            change(turn.day) { $0.took(answer.day) }
            probed = [probed, answer.probed].compactMap(\.self).max()
            if answer.isProbe { probeGiven = turn.quarter }
            if turn.want > 0, answer.granted == 0 { askAgainAt_s = moment.uptime_s + Self.rereadEvery_s }
        }
    }

    /// The ledger did not answer. Whatever it may have granted is not used; the next turn's totals put that right.
    package mutating func ledgerFailed(_ turns: [QuotaTurn], retryIn_s: Double, at moment: Moment) {
        isAsking = false
        untold.formUnion(turns.map(\.quarter))
        askAgainAt_s = moment.uptime_s + retryIn_s
    }

    /// When the ledger should be told something although nobody asks; nil when there is nothing to tell.
    package func tellAt_s(at moment: Moment) -> Double? {
        if isAsking { return nil }
        var times: [Double] = []
        if !untold.isEmpty { times.append(max(toldAt_s + Self.tellEvery_s, askAgainAt_s)) }
        if quarters.contains(where: { $0.tokens > 0 }) {
            times.append(max(lastGrantAt_s + Self.idleAfter_s, toldAt_s + Self.tellEvery_s))
        }
        if let rereadAt_s { times.append(max(rereadAt_s, askAgainAt_s)) }
        return times.min()
    }

    // MARK: Parts

    private func presentQuarter(at moment: Moment) -> QuotaWindow? {
        if case .inside(let quarter) = clock.place(at: moment) { quarter } else { nil }
    }

    private func isIdle(at moment: Moment) -> Bool {
        moment.uptime_s >= lastGrantAt_s + Self.idleAfter_s
    }

    private mutating func returnTokens(of windows: [QuotaWindow]) {
        for window in windows where tally(window).tokens > 0 {
            change(window) { $0.tokens = 0 }
            untold.insert(window)
            if probeGiven == window { probeGiven = nil }
        }
    }

    private mutating func turn(_ window: QuotaWindow, want: Int) -> QuotaTurn {
        sequence += 1
        let (quarter, day) = (tally(window), tally(window.day))
        return QuotaTurn(
            quarter: window, sequence: sequence, kept: quarter.spent + quarter.tokens, settled: quarter.settled,
            quarterIncluded: quarter.included, dayIncluded: day.included, quarterAllIncluded: quarter.allIncluded,
            dayAllIncluded: day.allIncluded, quarterUsage: quarter.usage, dayUsage: day.usage,
            quarterExhausted: quarter.exhausted, dayExhausted: day.exhausted, limits: limits, want: want,
            wantsProbe: wantsProbe && want > 0)
    }
}
