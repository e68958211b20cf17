/// Why a refresh token is dead.
enum DeadReason: String, Sendable {
    case refreshTokenInvalid = "refresh_token_invalid"
    case refreshAnswerLost = "refresh_answer_lost"

    /// The sentence that `sync.athlete.state_reason` shows to people.
    var sentence: String {
        switch self {
        case .refreshTokenInvalid:
            "Strava no longer takes the refresh token (revoked by the athlete, or replaced elsewhere): the athlete must connect again"
        case .refreshAnswerLost:
            "Strava's answer to a token refresh was lost on its way and it takes the old refresh token no more: the athlete must connect again"
        }
    }
}
