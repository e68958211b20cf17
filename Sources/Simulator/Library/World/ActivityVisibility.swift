/// Who may see an activity, in Strava's words.
public enum ActivityVisibility: String, Sendable {
    case everyone
    case followersOnly = "followers_only"
    /// "Only You": not even listed for a token without `activity:read_all`.
    case onlyMe = "only_me"
}
