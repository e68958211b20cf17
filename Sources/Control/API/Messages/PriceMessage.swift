/// Calls to Strava that are still to be made, as far as the completeness ledger knows.
public struct CallsMessage: Codable, Sendable, Equatable {
    public let list: Int
    /// The athletes' own objects: profile, zones and gear.
    public let profile: Int
    public let detail: Int
    public let streams: Int
    public let total: Int

    public init(list: Int, profile: Int, detail: Int, streams: Int) {
        self.list = list
        self.profile = profile
        self.detail = detail
        self.streams = streams
        total = list + profile + detail + streams
    }
}

/// `GET /v1/price` and `GET /v1/athletes/{athlete_id}/price`: what a sync would cost. Nothing is changed by asking.
public struct PriceMessage: Codable, Sendable, Equatable {
    /// Athletes that would be synced: those with a grant.
    public let athletes: Int
    public let calls: CallsMessage
    /// Athletes whose list was never read to its end: what is behind it is not counted, so the price is a lower bound.
    public let unknownHistories: Int
    /// Seconds until it would be done, at today's limits and load.
    public let durationS: Int
    /// Calls that the ordinary work took in the last 24 hours.
    public let ordinaryCallsPerDay: Int
    /// The day's limit and what is left of it.
    public let dayLimit: Int
    public let dayLeft: Int

    public init(
        athletes: Int, calls: CallsMessage, unknownHistories: Int, durationS: Int, ordinaryCallsPerDay: Int, dayLimit: Int, dayLeft: Int
    ) {
        self.athletes = athletes
        self.calls = calls
        self.unknownHistories = unknownHistories
        self.durationS = durationS
        self.ordinaryCallsPerDay = ordinaryCallsPerDay
        self.dayLimit = dayLimit
        self.dayLeft = dayLeft
    }

    enum CodingKeys: String, CodingKey {
        case athletes, calls
        case unknownHistories = "unknown_histories"
        case durationS = "duration_s"
        case ordinaryCallsPerDay = "ordinary_calls_per_day"
        case dayLimit = "day_limit"
        case dayLeft = "day_left"
    }
}
