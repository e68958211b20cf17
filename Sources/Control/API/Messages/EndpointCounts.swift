/// How many activities are in which state of the completeness ledger, for one endpoint (`summary`, `detail`, `streams`, `zones`).
public struct EndpointCounts: Codable, Sendable, Equatable {
    public let endpoint: String
    public let landed: Int
    public let pending: Int
    public let failed: Int
    /// Strava has none.
    public let empty: Int
    /// The athlete did not grant the scope.
    public let noScope: Int
    /// Deleted at Strava.
    public let gone: Int
    public let quarantined: Int
    /// Removed, because the time that copies may be kept is over.
    public let expired: Int

    public init(
        endpoint: String, landed: Int, pending: Int, failed: Int, empty: Int, noScope: Int, gone: Int, quarantined: Int, expired: Int = 0
    ) {
        self.endpoint = endpoint
        self.landed = landed
        self.pending = pending
        self.failed = failed
        self.empty = empty
        self.noScope = noScope
        self.gone = gone
        self.quarantined = quarantined
        self.expired = expired
    }

    enum CodingKeys: String, CodingKey {
        case endpoint, landed, pending, failed, empty, gone, quarantined, expired
        case noScope = "no_scope"
    }
}
