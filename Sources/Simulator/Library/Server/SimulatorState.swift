import Core
import Synchronization

/// The state that changes while the simulator runs, behind one lock.
final class SimulatorState: Sendable {
    struct Values: Sendable {
        var tokens: TokenBook
        var quota: SimulatedQuota
        var isAppInactive = false
        var capacity: Int?
        var autoApprove: AutoApproval?
        var rotation: TokenRotation
        /// Subscriptions validated so far; each gets a challenge of its own.
        var challengeCount: UInt64 = 0
        var gates: [AnswerGate] = []

        /// Whether the athlete may connect: one who is connected already always may.
        func admits(_ athlete: AthleteID) -> Bool {
            guard let capacity, !tokens.isConnected(athlete) else { return true }
            return tokens.connected < capacity
        }

        func caller(of request: SimulatorRequest, now_s: Int64) -> SimulatorCaller {
            guard let token = request.accessToken else { return .unknown }
            return switch tokens.check(access: token.text, now_s: now_s) {
            case .valid(let athlete, let scopes): .athlete(athlete, scopes)
            case .dead(let athlete): .deadToken(athlete)
            case .unknown: .unknown
            }
        }
    }

    private let values: Mutex<Values>

    init(seed: UInt64, options: SimulatorOptions) {
        values = Mutex(
            Values(
                tokens: TokenBook(seed: seed), quota: SimulatedQuota(limits: options.limits), capacity: options.capacity,
                autoApprove: options.autoApprove, rotation: options.rotation))
    }

    func withLock<Answer: Sendable>(_ body: (inout Values) throws -> Answer) rethrows -> Answer {
        try values.withLock { try body(&$0) }
    }
}

/// Who sent a request, judged by its token.
enum SimulatorCaller: Sendable {
    case athlete(AthleteID, StravaScopes)
    case deadToken(AthleteID)
    case unknown

    /// The athlete to whom the token was issued, even if it is dead.
    var athlete: AthleteID? {
        switch self {
        case .athlete(let id, _), .deadToken(let id): id
        case .unknown: nil
        }
    }
}
