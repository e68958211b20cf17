import Core

/// Who sent a request, judged by its token.
enum Caller: Sendable {
    case athlete(AthleteID, StravaScopes)
    case deadToken(AthleteID)
    case stranger

    /// The athlete behind a token that was issued here, dead or not.
    var athlete: AthleteID? {
        switch self {
        case .athlete(let id, _), .deadToken(let id): id
        case .stranger: nil
        }
    }
}

extension SimulatorState {
    func caller(of request: SimulatorRequest, now_s: Int64) -> Caller {
        guard let token = request.accessToken else { return .stranger }
        return switch tokens.check(access: token.text, now_s: now_s) {
        case .valid(let athlete, let scopes): .athlete(athlete, scopes)
        case .dead(let athlete): .deadToken(athlete)
        case .unknown: .stranger
        }
    }
}
