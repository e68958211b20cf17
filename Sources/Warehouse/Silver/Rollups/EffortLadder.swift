/// The fixed rungs at which best efforts are kept. SQL reads the same rungs from `silver.effort_durations_s()` and
/// `silver.effort_distances_m()`: a change here needs a migration there and a new `TransformVersion`.
enum EffortLadder {
    /// 1 s to 5 h.
    static let durations_s = [
        1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1200, 1500, 1800, 2400, 2700, 3600,
        5400, 7200, 10800, 14400, 18000,
    ]

    /// 400 m, half a mile, 1 km, 1 and 2 miles, 5, 10 and 15 km, 10 miles, 20 km, half marathon, 30 km, marathon.
    static let distances_m = [
        400, 804.672, 1000, 1609.344, 3218.688, 5000, 10000, 15000, 16093.44, 20000, 21097.5, 30000, 42195,
    ]
}
