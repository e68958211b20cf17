import Core

/// The circuit between the daemon and Strava: trouble of the whole application is one incident, not one error per athlete.
///
/// `closed` lets calls through and adds up trouble since the last good answer; enough of it opens the circuit.
/// `open` lets nothing through until its time is up. Can transition to: `probing`.
/// `probing` lets one call through. Can transition to: `closed` (a good answer), `open` (trouble, with a longer back-off).
struct Circuit: Sendable {
    /// What one settled call says about the application.
    enum Verdict: Equatable {
        /// Strava answered sensibly.
        case alive
        case trouble(ApplicationTrouble)
        /// Says nothing (not sent, cancelled).
        case nothing
    }

    enum Gate: Equatable {
        case pass
        /// One call may go, as a probe.
        case probe
        case wait(until_s: Double?, probing: Bool)
    }

    enum Event: Equatable {
        /// The first trouble since the last good answer; calls still go. A JSON 500 is the object's own as a rule.
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
    static let troubleMax = 6
    /// First back-off and its bound. What a person must repair is asked for more seldom.
    static func backOff_s(_ reason: ApplicationTrouble) -> (first: Double, most: Double) {
        switch reason {
        case .inactive, .capacityExceeded, .clientSecretWrong: (60, 900)
        case .maintenance, .serverErrors, .network: (5, 300)
        }
    }

    private var state = State.closed(trouble: 0)
    private(set) var reason: ApplicationTrouble?
    private var openings = 0
    /// Who met the last trouble: a probe is better made for somebody else, and one athlete's JSON 500s count once.
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

    mutating func settled(_ call: UInt64, _ verdict: Verdict, athlete: AthleteID, at now_s: Double) -> Event? {
        switch state {
        case .closed(let trouble): return settledWhileClosed(verdict, trouble, athlete, now_s)
        case .probing(call: call): return probeSettled(verdict, athlete, now_s)
        case .open, .probing: return nil
        }
    }

    /// For status: since when and why, `until_s` as uptime.
    var open: (until_s: Double?, probing: Bool)? {
        switch state {
        case .closed: nil
        case .open(let until_s): (until_s, false)
        case .probing: (nil, true)
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

    /// Opens for the back-off that is due, which it returns in seconds.
    private mutating func open(_ reason: ApplicationTrouble, _ now_s: Double) -> Double {
        let (first, most) = Self.backOff_s(reason)
        let seconds = min(most, first * Double(1 << min(openings, 16)))
        openings += 1
        self.reason = reason
        state = .open(until_s: now_s + seconds)
        return seconds
    }

    /// The application-wide refusals open at once, gateway errors at the second in a row, silence at the third. A JSON 500 can
    /// be pinned to one object, so it takes six athletes in turn without a good answer between them.
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
