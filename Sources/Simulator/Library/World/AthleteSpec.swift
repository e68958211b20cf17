import Core

/// An athlete of the simulated world: how many activities, how long, of which kinds.
public struct AthleteSpec: Sendable {
    public var id: AthleteID
    /// Activities before the world's epoch, manual ones included.
    public var activityCount: Int
    /// Points per activity that has streams.
    public var points: ClosedRange<Int>
    /// The kinds that occur, picked with equal weight; list a kind twice to see it twice as often.
    public var kinds: [ActivityKind]
    /// Zones of an activity are answered with 402 for athletes who do not subscribe.
    public var isSubscriber: Bool
    /// FTP of the profile in watts; nil: every other athlete of the world has one.
    public var ftp_w: Int?

    public init(
        id: AthleteID, activityCount: Int, points: ClosedRange<Int> = 600...3600, kinds: [ActivityKind] = ActivityKind.mixed,
        isSubscriber: Bool = true, ftp_w: Int? = nil
    ) {
        self.id = id
        self.activityCount = activityCount
        self.points = points
        self.kinds = kinds
        self.isSubscriber = isSubscriber
        self.ftp_w = ftp_w
    }
}

/// How new activities appear after the epoch. Seed, epoch and time alone decide which: after a restart they are the same.
public struct LivePlan: Sendable, Equatable {
    /// Seconds between two new activities of one athlete; athletes take turns within it.
    public let interval_s: Double
    /// New activities of one athlete, so that a demo that runs for months stays small.
    public let countMax: Int

    public init(interval_s: Double, countMax: Int = 1000) {
        self.interval_s = max(1, interval_s)
        self.countMax = countMax
    }

    /// When number `index` of the athlete at place `ordinal` of `athletes` appears.
    func appears(_ index: Int, ordinal: Int, athletes: Int, epoch_s: Int64) -> Int64 {
        let turn = Double(ordinal) / Double(max(1, athletes))
        return epoch_s + Int64(interval_s * (Double(index + 1) + turn))
    }

    /// How many have appeared at `now_s`.
    func count(ordinal: Int, athletes: Int, epoch_s: Int64, now_s: Int64) -> Int {
        let turn = Double(ordinal) / Double(max(1, athletes))
        let estimate = Int(max(0, Double(now_s - epoch_s) / interval_s - turn)) + 1
        var count = min(estimate, countMax)
        while count > 0, appears(count - 1, ordinal: ordinal, athletes: athletes, epoch_s: epoch_s) > now_s { count -= 1 }
        return count
    }

    /// Points that fit between two activities of one athlete.
    var pointsMax: Int { max(2, Int(interval_s * 0.5)) }
}
