import Core

/// The switch that stops all calls to Strava while the whole application is in trouble: one incident, not one error per athlete. Pure.
///
/// `closed` lets calls through and adds up trouble since the last good answer. Can transition to: `open` (enough trouble).
/// `open` lets no call through until its back-off has passed. Can transition to: `probing`.
/// `probing` lets one call through. Can transition to: `closed` (a good answer), `open` (trouble, with a longer back-off).
struct Circuit: Sendable {
    /// What one settled call says about the application.
    enum Verdict: Equatable {
        /// Strava answered sensibly.
        case alive
        case trouble(ApplicationTrouble)
        /// Not sent or cancelled.
        case nothing
    }

    enum Gate: Equatable {
        case pass
        /// One call may go, as a probe.
        case probe
        case wait(until_s: Double?, probing: Bool)
    }

    enum Event: Equatable {
        /// The first trouble since the last good answer; calls still go. Not for a JSON 500, which usually belongs to one object.
        case began(ApplicationTrouble)
        case opened(ApplicationTrouble, backOff_s: Double)
        case stillOpen(ApplicationTrouble, backOff_s: Double)
        case resumed(after: ApplicationTrouble)
    }

    private enum State {
        case closed(trouble: Int)
        case open(until_s: Double)
        case probing(call: UInt64?)
    }

    /// Trouble adds up to this before the circuit opens. One failed object alone never gets there: see `weight`.
    private static let troubleMax = 6
    /// The first back-off and the longest, in seconds. Trouble that a person must repair is probed less often.
    private static func backOff_s(_ reason: ApplicationTrouble) -> (first: Double, most: Double) {
        switch reason {
        case .inactive, .capacityExceeded, .clientSecretWrong: (60, 900)
        case .maintenance, .serverErrors, .network: (5, 300)
        }
    }

    private var state = State.closed(trouble: 0)
    private var reason: ApplicationTrouble?
    private var openings = 0
    /// The athlete whose call met the last trouble: a probe is better made for another one, and one athlete's JSON 500s count once.
    private(set) var troubled: AthleteID?

    /// Whether a call may go at `now_s` (uptime).
    mutating func gate(at now_s: Double) -> Gate {
        switch state {
        case .closed: return .pass
        case .open(let until_s):
            if now_s < until_s { return .wait(until_s: until_s, probing: false) }
            state = .probing(call: nil)
            return .probe
        case .probing(call: nil): return .probe
        case .probing: return .wait(until_s: nil, probing: true)
        }
    }

    /// `call` was permitted; while probing it is the probe.
    mutating func granted(_ call: UInt64) {
        if case .probing(call: nil) = state { state = .probing(call: call) }
    }

    /// A permitted call ended. Nil: nothing to report.
    mutating func settled(_ call: UInt64, _ verdict: Verdict, athlete: AthleteID, at now_s: Double) -> Event? {
        switch state {
        case .closed(let trouble): return settledWhileClosed(verdict, trouble, athlete, now_s)
        case .probing(call: call): return probeSettled(verdict, athlete, now_s)
        case .open, .probing: return nil
        }
    }

    func snapshot(at moment: Moment) -> CircuitSnapshot {
        switch state {
        case .closed: CircuitSnapshot(state: .closed, reason: nil, until: nil)
        case .open(let until_s): CircuitSnapshot(state: .open, reason: reason, until: moment.wall(after: until_s - moment.uptime_s))
        case .probing: CircuitSnapshot(state: .probing, reason: reason, until: nil)
        }
    }

    // MARK: Parts

    private mutating func settledWhileClosed(
        _ verdict: Verdict, _ trouble: Int, _ athlete: AthleteID, _ now_s: Double
    ) -> Event? {
        switch verdict {
        case .nothing: return nil
        case .alive:
            state = .closed(trouble: 0)
            troubled = nil
            return nil
        case .trouble(let reason):
            let sum = trouble + weight(reason, athlete)
            troubled = athlete
            if sum < Self.troubleMax {
                state = .closed(trouble: sum)
                return trouble == 0 && reason != .serverErrors ? .began(reason) : nil
            }
            return .opened(reason, backOff_s: open(reason, now_s))
        }
    }

    private mutating func probeSettled(_ verdict: Verdict, _ athlete: AthleteID, _ now_s: Double) -> Event? {
        switch verdict {
        case .nothing:
            state = .probing(call: nil)
            return nil
        case .alive:
            let after = reason ?? .network
            (state, reason, openings, troubled) = (.closed(trouble: 0), nil, 0, nil)
            return .resumed(after: after)
        case .trouble(let reason):
            troubled = athlete
            return .stillOpen(reason, backOff_s: open(reason, now_s))
        }
    }

    /// Opens the circuit and returns the back-off in seconds, which doubles with each failed probe.
    private mutating func open(_ reason: ApplicationTrouble, _ now_s: Double) -> Double {
        let (first, most) = Self.backOff_s(reason)
        let seconds = min(most, first * Double(1 << min(openings, 16)))
        openings += 1
        self.reason = reason
        state = .open(until_s: now_s + seconds)
        return seconds
    }

    /// Application-wide refusals open the circuit at once, gateway errors at the second in a row, no answer at the third. A JSON 500 may
    /// belong to one object, so it takes six different athletes without a good answer between them.
    private func weight(_ reason: ApplicationTrouble, _ athlete: AthleteID) -> Int {
        switch reason {
        case .inactive, .capacityExceeded, .clientSecretWrong: Self.troubleMax
        case .maintenance: 3
        case .network: 2
        case .serverErrors: athlete == troubled ? 0 : 1
        }
    }
}

extension CallOutcome {
    /// What the outcome says about the application as a whole.
    var verdict: Circuit.Verdict {
        switch self {
        case .answered(let status, _, _):
            switch status {
            case 502...504, 520...527, 597: .trouble(.maintenance)
            case 500...: .trouble(.serverErrors)
            default: .alive
            }
        case .applicationTrouble(let trouble, _, _): .trouble(trouble)
        case .networkFailed: .trouble(.network)
        case .notSent, .unknown: .nothing
        }
    }
}
