/// Requests per quarter hour and per UTC day, over all and for reads (docs/strava-api.md 2).
public struct SimulatedLimits: Sendable, Equatable {
    public var quarterHour: Int
    public var day: Int
    public var readQuarterHour: Int
    public var readDay: Int

    /// The read bucket is as large as the whole one unless given.
    public init(quarterHour: Int, day: Int, readQuarterHour: Int? = nil, readDay: Int? = nil) {
        self.quarterHour = quarterHour
        self.day = day
        self.readQuarterHour = readQuarterHour ?? quarterHour
        self.readDay = readDay ?? day
    }

    /// What the headers say when nothing is limited.
    static let unlimited = SimulatedLimits(quarterHour: 1_000_000, day: 100_000_000)
}
