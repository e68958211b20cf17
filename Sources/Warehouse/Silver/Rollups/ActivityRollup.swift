import Streams

/// Everything that is computed from an activity's arrays while they are in memory: best efforts, histograms, heat map, minutes, figures.
///
/// Pure; never fails. A figure that the streams don't yield is nil; an impossible value counts as missing. The cost is about one pass over
/// the arrays for each rung of the ladders.
struct ActivityRollup: Sendable {
    /// Watts in each second, as cleaned.
    let powerBySecond: SecondSeries?
    let power: BestEfforts?
    let heartrate: BestEfforts?
    let pace: BestEfforts?
    let heartrateSeconds: SecondsHistogram?
    let powerSeconds: SecondsHistogram?
    let grid: HeatGrid?
    let minutes: Minutes
    let metrics: ActivityMetrics

    /// The minutes' columns.
    struct Minutes: Sendable {
        let recorded_s: [Double]
        let heartrate_bpm: [Double]?
        let power_w: [Double]?
        let cadence_rpm: [Double]?
        let distance_m: [Double]?
        let altitude_m: [Double]?
    }

    /// Possible values. A heart rate of 0 means that the sensor lost contact; a power of 0 is a value.
    private enum Possible {
        static let heartrate_bpm = 1.0...300.0
        static let power_w = 0.0...5000.0
        static let cadence_rpm = 0.0...500.0
        static let altitude_m = -1000.0...20_000.0
    }

    /// Nil when there are no times.
    init?(_ streams: DecodedStreams) {
        guard let times = streams[.time] else { return nil }
        let timeline = Timeline(times)
        if timeline.seconds.isEmpty { return nil }
        func series(_ column: StreamColumn, in bounds: ClosedRange<Double>) -> SecondSeries? {
            streams[column].map { SecondSeries(timeline, $0, in: bounds) }.flatMap { $0.values.allSatisfy(\.isNaN) ? nil : $0 }
        }
        let heartrate = series(.heartrate, in: Possible.heartrate_bpm)
        let power = series(.watts, in: Possible.power_w)
        let altitude = series(.altitude, in: Possible.altitude_m)
        let track = streams[.distance].map { DistanceTrack(timeline, $0) }
        let speed = track.map { SecondSeries(speedOf: $0, span_s: timeline.span_s) }
        powerBySecond = power
        self.power = power.map(BestEfforts.power)
        self.heartrate = heartrate.map(BestEfforts.heartrate)
        pace = track.map(BestEfforts.pace).flatMap { $0.isEmpty ? nil : $0 }
        heartrateSeconds = heartrate.flatMap(SecondsHistogram.ofWholeValues)
        powerSeconds = power.flatMap { SecondsHistogram.fromZero($0) }
        grid = Self.grid(timeline, streams)
        minutes = Minutes(
            recorded_s: MinuteSeries(recorded: timeline).values, heartrate_bpm: heartrate.map { MinuteSeries(meanOf: $0).values },
            power_w: power.map { MinuteSeries(meanOf: $0).values },
            cadence_rpm: series(.cadence, in: Possible.cadence_rpm).map { MinuteSeries(meanOf: $0).values },
            distance_m: track.flatMap { track in speed.map { MinuteSeries(metresOf: track, speed: $0).values } },
            altitude_m: altitude.map { MinuteSeries(meanOf: $0).values })
        metrics = Self.metrics(timeline, streams, power: power, heartrate: heartrate, speed: speed, altitude: altitude)
    }

    private static func grid(_ timeline: Timeline, _ streams: DecodedStreams) -> HeatGrid? {
        guard let latitudes = streams[.latitude], let longitudes = streams[.longitude] else { return nil }
        let grid = HeatGrid(timeline, latitudes: latitudes, longitudes: longitudes)
        return grid.cells.isEmpty ? nil : grid
    }

    private static func metrics(
        _ timeline: Timeline, _ streams: DecodedStreams, power: SecondSeries?, heartrate: SecondSeries?, speed: SecondSeries?,
        altitude: SecondSeries?
    ) -> ActivityMetrics {
        let watts = power?.known ?? []
        let beats = heartrate?.known ?? []
        let byPower = heartrate.flatMap { heartrate in power.flatMap { Decoupling($0, basis: .power, heartrate: heartrate) } }
        let byPace = heartrate.flatMap { heartrate in speed.flatMap { Decoupling($0, basis: .pace, heartrate: heartrate) } }
        func adjusted(_ gait: GradeAdjustment.Gait) -> Double? {
            guard let distances = streams[.distance], let grades = streams[.grade] else { return nil }
            return GradeAdjustment.distance_m(timeline, distances: distances, gradesPercent: grades, gait)
        }
        return ActivityMetrics(
            recorded_s: timeline.recorded_s, heartrate_s: beats.count, averageHeartrate_bpm: beats.mean, power_s: watts.count,
            averagePower_w: watts.mean, normalizedPower_w: NormalizedPower.watts(watts), decoupling: byPower ?? byPace,
            bestVAM_m_per_h: altitude.flatMap(ClimbingSpeed.best_m_per_h), runAdjustedDistance_m: adjusted(.running),
            walkAdjustedDistance_m: adjusted(.walking))
    }
}

/// Seconds spent at each value.
struct SecondsHistogram: Sendable, Equatable {
    /// Value of the first bin; the bins are contiguous.
    let first: Int
    /// Seconds in each bin.
    let seconds: [Double]

    /// Bins of one unit around whole numbers, from the lowest to the highest value: for heart rate. Nil when there are no values.
    static func ofWholeValues(_ series: SecondSeries) -> SecondsHistogram? {
        let bins = series.known.map { Int($0.rounded()) }
        guard let low = bins.min(), let high = bins.max() else { return nil }
        return SecondsHistogram(first: low, seconds: count(bins, from: low, to: high))
    }

    /// Bins of one unit that begin at whole numbers, from 0 to the highest value: for power. Nil when there are no values.
    static func fromZero(_ series: SecondSeries) -> SecondsHistogram? {
        let bins = series.known.map { Int($0.rounded(.down)) }
        guard let high = bins.max() else { return nil }
        return SecondsHistogram(first: 0, seconds: count(bins, from: 0, to: high))
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
        for (place, point) in timeline.points.enumerated() {
            guard let cell = Self.cell(latitudes[point], longitudes[point]) else { continue }
            let hold_s = timeline.hold_s(at: place)
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
