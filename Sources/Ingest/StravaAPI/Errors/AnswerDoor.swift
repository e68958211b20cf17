/// Which of Strava's two doors gave an answer: the same error body means different things at each.
enum AnswerDoor: Sendable {
    /// A read with an athlete's access token.
    case api
    /// The token calls, which prove who the application is.
    case oauth
}
