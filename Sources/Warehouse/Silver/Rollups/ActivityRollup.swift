/// Everything that is computed from an activity's streams while they are in memory: best efforts, histograms, heat map, minutes, figures.
///
/// Pure; never fails. A figure that the streams don't yield is nil. The cost is about one pass over the arrays for each rung of the ladders.
struct ActivityRollup: Sendable {
    /// Watts in each second, as cleaned.
    let powerBySecond: SecondSeries?
    let power: BestEfforts?
    let heartrate: BestEfforts?
    let pace: BestEfforts?
    let heartrateSeconds: SecondsHistogram?
    let powerSeconds: SecondsHistogram?
    let speedSeconds: SecondsHistogram?
    let grid: HeatGrid?
    let minutes: Minutes
    let metrics: ActivityMetrics

    /// The minutes' columns.
    struct Minutes: Sendable {
        let start_s: [Double]
        let recorded_s: [Double]
        let heartrate_bpm: [Double]?
        let power_w: [Double]?
        let cadence_rpm: [Double]?
        let distance_m: [Double]?
        let altitude_m: [Double]?
    }

    init(_ streams: CleanStreams) {
        let timeline = streams.timeline
        func series(_ samples: [Double]?) -> SecondSeries? { samples.map { SecondSeries(timeline, $0) } }
        let heartrate = series(streams.heartrate)
        let power = series(streams.power)
        let track = streams.distance.map { DistanceTrack(timeline, $0) }
        let speed = track.map { SecondSeries(speedOf: $0, span_s: timeline.span_s) }
        powerBySecond = power
        self.power = power.map { BestEfforts.power($0).onClock(of: timeline) }
        self.heartrate = heartrate.map { BestEfforts.heartrate($0).onClock(of: timeline) }
        pace = track.map(BestEfforts.pace).flatMap { $0.isEmpty ? nil : $0 }
        heartrateSeconds = heartrate.flatMap(SecondsHistogram.ofWholeValues)
        powerSeconds = power.flatMap { SecondsHistogram.fromZero($0.known) }
        speedSeconds = (series(streams.velocity) ?? speed).flatMap { SecondsHistogram.ofSpeeds($0) }
        grid = Self.grid(streams)
        minutes = Minutes(
            start_s: MinuteSeries(startsOf: timeline).values, recorded_s: MinuteSeries(recorded: timeline).values,
            heartrate_bpm: heartrate.map { MinuteSeries(meanOf: $0).values }, power_w: power.map { MinuteSeries(meanOf: $0).values },
            cadence_rpm: series(streams.cadence).map { MinuteSeries(meanOf: $0).values },
            distance_m: track.flatMap { track in speed.map { MinuteSeries(metresOf: track, speed: $0).values } },
            altitude_m: series(streams.altitude).map { MinuteSeries(meanOf: $0).values })
        metrics = Self.metrics(streams, power: power, heartrate: heartrate, speed: speed)
    }

    private static func grid(_ streams: CleanStreams) -> HeatGrid? {
        guard let latitudes = streams.latitudes, let longitudes = streams.longitudes else { return nil }
        let grid = HeatGrid(streams.timeline, latitudes: latitudes, longitudes: longitudes)
        return grid.cells.isEmpty ? nil : grid
    }

    private static func metrics(
        _ streams: CleanStreams, power: SecondSeries?, heartrate: SecondSeries?, speed: SecondSeries?
    ) -> ActivityMetrics {
        let watts = power?.known ?? []
        let beats = heartrate?.known ?? []
        let byPower = heartrate.flatMap { heartrate in power.flatMap { Decoupling($0, basis: .power, heartrate: heartrate) } }
        let byPace = heartrate.flatMap { heartrate in speed.flatMap { Decoupling($0, basis: .pace, heartrate: heartrate) } }
        func adjusted(_ gait: GradeAdjustment.Gait) -> Double? {
            guard let distance = streams.distance, let grades = streams.grade else { return nil }
            return GradeAdjustment.distance_m(distance.metres, gradesPercent: grades, gait)
        }
        return ActivityMetrics(
            recorded_s: streams.timeline.recorded_s, heartrate_s: beats.count, averageHeartrate_bpm: beats.mean, power_s: watts.count,
            powerPositive_s: watts.count { $0 > 0 }, distance_s: speed?.values.count { !$0.isNaN } ?? 0, averagePower_w: watts.mean,
            normalizedPower_w: NormalizedPower.watts(watts), decoupling: byPower ?? byPace,
            bestVAM_m_per_h: streams.climb.flatMap { ClimbingSpeed.best_m_per_h(SecondSeries(streams.timeline, $0)) },
            runAdjustedDistance_m: adjusted(.running), walkAdjustedDistance_m: adjusted(.walking))
    }
}

/// Seconds spent at each value.
struct SecondsHistogram: Sendable, Equatable {
    /// Value of the first bin; the bins are contiguous.
    let first: Int
    /// Seconds in each bin.
    let seconds: [Double]

    /// Faster than anybody runs or swims, except over a few metres.
    private static let speed_cmps_max = 1199.0

    /// Bins of one unit around whole numbers, from the lowest to the highest value: for heart rate. Nil when there are no values.
    static func ofWholeValues(_ series: SecondSeries) -> SecondsHistogram? {
        let bins = series.known.map { Int($0 + 0.5) }
        guard let low = bins.min(), let high = bins.max() else { return nil }
        return SecondsHistogram(first: low, seconds: count(bins, from: low, to: high))
    }

    /// Bins of one unit that begin at whole numbers, from 0 to the highest value: for power. Nil when there are no values.
    static func fromZero(_ values: [Double]) -> SecondsHistogram? {
        let bins = values.map { Int($0) }
        guard let high = bins.max() else { return nil }
        return SecondsHistogram(first: 0, seconds: count(bins, from: 0, to: high))
    }

    /// Bins of one centimetre per second; the last one is for `speed_cmps_max` and more. Nil when there are no speeds.
    /// - Parameter series: metres per second.
    static func ofSpeeds(_ series: SecondSeries) -> SecondsHistogram? {
        // A speed of 2.3 m/s is 229.99999999999997 cm/s to a computer.
        fromZero(series.known.map { min($0 * 100 + 1e-6, speed_cmps_max) })
    }

    private static func count(_ bins: [Int], from low: Int, to high: Int) -> [Double] {
        var seconds = [Double](repeating: 0, count: high - low + 1)
        for bin in bins { seconds[bin - low] += 1 }
        return seconds
    }
}

/// Seconds spent in each cell of a grid of thousandths of a degree (about 111 m from south to north), for heat maps.
struct HeatGrid: Sendable, Equatable {
    /// (latitude cell + 90,000) · 1,000,000 + longitude cell + 180,000, each cell the floor of thousandths of a degree; ascending.
    let cells: [Int64]
    let seconds: [Double]

    init(_ timeline: Timeline, latitudes: [Double], longitudes: [Double]) {
        var runs: [(cell: Int64, seconds: Int)] = []
        for place in timeline.seconds.indices {
            guard let cell = Self.cell(latitudes[place], longitudes[place]) else { continue }
            let hold_s = min(timeline.hold_s(at: place), timeline.held_s_max)
            if runs.last?.cell == cell { runs[runs.count - 1].seconds += hold_s } else { runs.append((cell, hold_s)) }
        }
        runs.sort { $0.cell < $1.cell }
        var cells: [Int64] = []
        var seconds: [Double] = []
        for run in runs {
            if cells.last == run.cell {
                seconds[seconds.count - 1] += Double(run.seconds)
            } else {
                cells.append(run.cell)
                seconds.append(Double(run.seconds))
            }
        }
        self.cells = cells
        self.seconds = seconds
    }

    /// Computed from millionths, as positions are stored, so that both agree at the border of a cell. The pole belongs to the last row of
    /// cells, and 180° east is 180° west, so no cell lies outside the globe or occurs twice.
    private static func cell(_ latitude: Double, _ longitude: Double) -> Int64? {
        guard abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
        let y = Int64((latitude * 1e6).rounded()) + 90_000_000
        let x = Int64((longitude * 1e6).rounded()) + 180_000_000
        return min(y / 1000, 179_999) * 1_000_000 + x / 1000 % 360_000
    }
}
