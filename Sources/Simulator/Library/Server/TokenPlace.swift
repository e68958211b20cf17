/// Where the access token of a request travelled. From June 2027 only the header counts (docs/strava-api.md 0).
public enum TokenPlace: String, Sendable {
    case none, header, query, body
}
