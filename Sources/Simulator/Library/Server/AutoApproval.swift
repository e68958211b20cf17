import Core

/// What GET /oauth/authorize does without asking. The query parameter `auto_approve` (an athlete's number, or `deny`) does the
/// same for one request.
public enum AutoApproval: Sendable {
    /// Grants the scopes asked for, at most these.
    case athlete(AthleteID, StravaScopes? = nil)
    case deny
}
