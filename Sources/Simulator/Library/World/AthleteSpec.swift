import Core

/// What an athlete of the simulated world has: how many activities, how long, of which kinds.
public struct AthleteSpec: Sendable {
    public var id: AthleteID
    /// Activities before the world's epoch, manual ones included.
    public var activityCount: Int
    /// Points per activity that has streams.
    public var points: ClosedRange<Int>
    /// The kinds that occur, picked with equal weight; list a kind twice to see it twice as often.
    public var kinds: [ActivityKind]
    /// Strava answers 402 to the zones of an activity for athletes who pay nothing.
    public var isSubscriber: Bool

    public init(
        id: AthleteID, activityCount: Int, points: ClosedRange<Int> = 600...3600, kinds: [ActivityKind] = ActivityKind.mixed,
        isSubscriber: Bool = true
    ) {
        self.id = id
        self.activityCount = activityCount
        self.points = points
        self.kinds = kinds
        self.isSubscriber = isSubscriber
    }
}
