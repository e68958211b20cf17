import Core
import Database
import Foundation
import Governor
import Sync

/// How far everything is, in numbers.
struct Progress: Sendable, Equatable {
    var athletes = 0
    var reconnect = 0
    var activities = 0
    var walking = 0
    var landed = 0
    var pending = 0
    var waiting = 0
    var quarantined = 0
    var silverBacklog = 0
    var silverActivities = 0
    var points = 0
    var quarterUsed = 0
    var quarterLimit = 0
    var dayUsed = 0
    var dayLimit = 0
    var waitingUntil: Date?
    var waitingReason: String?

    /// Everything that is due is in silver.
    var isComplete: Bool { athletes > 0 && walking == 0 && pending == 0 && silverBacklog == 0 }
}

/// Reads the numbers from Postgres and the governor. Those from Postgres are counted seldom when they are many, however often one asks.
struct ProgressReader: Sendable {
    let database: Database
    let governor: RateLimitGovernor
    private let counted: CachedValue<Progress>

    init(database: Database, governor: RateLimitGovernor, clock: WallClock) {
        self.database = database
        self.governor = governor
        counted = CachedValue(.afterLoadTimes(20)) { try await Self.count(database, now: clock.now) }
    }

    func read() async throws -> Progress {
        var progress = try await counted.value()
        await addQuota(to: &progress)
        return progress
    }

    private static func count(_ database: Database, now: Date) async throws -> Progress {
        let rows = try await database.query(
            """
            SELECT (SELECT count(*) FROM sync.athlete),
                (SELECT count(*) FROM sync.athlete WHERE state = 'reconnect'),
                (SELECT count(*) FROM sync.activity WHERE gone_at IS NULL),
                (SELECT count(*) FROM sync.cursor JOIN sync.athlete USING (athlete_id) WHERE state = 'active' AND history_complete_at IS NULL),
                count(*) FILTER (WHERE state = 'landed' AND endpoint IN ('detail', 'streams')),
                count(*) FILTER (WHERE state IN ('pending', 'failed') AND endpoint IN ('detail', 'streams')
                    AND (next_try_at IS NULL OR next_try_at <= \(now))),
                count(*) FILTER (WHERE state IN ('pending', 'failed') AND next_try_at > \(now)),
                count(*) FILTER (WHERE state = 'quarantined'),
                (SELECT count(DISTINCT (athlete_id, activity_id)) FROM sync.transform_work),
                (SELECT count(*) FROM silver.activity), (SELECT coalesce(sum(point_count), 0)::bigint FROM silver.activity_stream)
            FROM sync.completeness
            """)
        guard let row = rows.first else { return Progress() }
        var progress = Progress()
        (
            progress.athletes, progress.reconnect, progress.activities, progress.walking, progress.landed, progress.pending,
            progress.waiting, progress.quarantined, progress.silverBacklog, progress.silverActivities, progress.points
        ) = try row.decode(
            Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self, Int.self)
        return progress
    }

    private func addQuota(to progress: inout Progress) async {
        let snapshot = await governor.snapshot()
        for window in snapshot.windows {
            switch window.span {
            case .quarter: (progress.quarterUsed, progress.quarterLimit) = (window.used, window.limit)
            case .day: (progress.dayUsed, progress.dayLimit) = (window.used, window.limit)
            }
        }
        progress.waitingUntil = snapshot.waitingUntil
        progress.waitingReason = snapshot.waitingReason?.rawValue
    }
}
