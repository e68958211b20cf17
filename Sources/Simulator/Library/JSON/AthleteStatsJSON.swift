import Core
import Foundation

/// GET /athletes/{id}/stats: totals of the activities that everyone may see (docs/strava-api.md 3.5).
struct AthleteStatsJSON {
    private static let recent_s: Int64 = 28 * CivilTime.day_s
    private static let sports = ["ride", "run", "swim"]

    private let totals: [String: [ActivityTruth]]
    private let now_s: Int64

    init(_ activities: [ActivityTruth], now_s: Int64) {
        self.now_s = now_s
        totals = Dictionary(grouping: activities.filter { $0.visibility == .everyone }) { Self.sport(of: $0) }
    }

    func body() -> [UInt8] {
        JSONWriter.object { json in
            let rides = totals["ride"] ?? []
            if let longest = rides.map(\.distance_dm).max(), longest > 0 {
                json.field("biggest_ride_distance", units: longest, places: 1)
            }
            if let climb = totals.values.joined().map(\.climb_m).max(), climb > 0 { json.field("biggest_climb_elevation_gain", climb) }
            for (span, since_s) in [("recent", now_s - Self.recent_s), ("ytd", yearBegan_s), ("all", .min)] {
                for sport in Self.sports {
                    let counted = (totals[sport] ?? []).filter { $0.startAt.epoch_s >= since_s }
                    json.field("\(span)_\(sport)_totals", object: { write(counted, isRecent: span == "recent", into: &$0) })
                }
            }
        }
    }

    /// The distance comes as a fraction for the last four weeks, else as a whole number.
    private func write(_ activities: [ActivityTruth], isRecent: Bool, into json: inout JSONWriter) {
        let distance_dm = activities.reduce(0) { $0 + $1.distance_dm }
        json.field("count", activities.count)
        if isRecent { json.field("distance", units: distance_dm, places: 1) } else { json.field("distance", distance_dm / 10) }
        json.field("moving_time", activities.reduce(0) { $0 + $1.moving_s })
        json.field("elapsed_time", activities.reduce(0) { $0 + $1.elapsed_s })
        json.field("elevation_gain", activities.reduce(0) { $0 + $1.climb_m })
        if isRecent { json.field("achievement_count", 0) }
    }

    private var yearBegan_s: Int64 {
        let year = Int64(CivilTime.iso(now_s).prefix(4)) ?? 1970
        return CivilTime.days(year: year, month: 1, day: 1) * CivilTime.day_s
    }

    private static func sport(of activity: ActivityTruth) -> String {
        if activity.kind.isRide { return "ride" }
        if activity.kind.isRun || activity.kind == .manual { return "run" }
        return activity.kind == .swim ? "swim" : ""
    }
}

extension ActivityTruth {
    fileprivate var distance_dm: Int { Int((distance_m * 10).rounded()) }
    fileprivate var climb_m: Int { ActivityShape(recipe).climb_m }
}
