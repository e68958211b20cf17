import Streams

/// All that is worked out from an activity's arrays while they are in memory: best efforts, histograms, heat map, minutes, figures.
///
/// Pure, never fails: what the streams don't say is nil, a value that can't be is as good as missing. Costs about one pass for each rung.
struct ActivityRollup: Sendable {
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

    /// Bounds of values that can be. A heart rate of 0 is a lost sensor, a power of 0 is none.
    private enum Bounds {
        static let heartrate_bpm = 1.0...300.0
        static let power_w = 0.0...5000.0
        static let cadence_rpm = 0.0...500.0
        static let altitude_m = -1000.0...20_000.0
    }

    /// Nil when there are no times: then nothing can be said.
    init?(_ streams: DecodedStreams) {
        guard let times = streams[.time] else { return nil }
        let timeline = Timeline(times)
        if timeline.seconds.isEmpty { return nil }
        func series(_ column: StreamColumn, in bounds: ClosedRange<Double>) -> SecondSeries? {
            streams[column].map { SecondSeries(timeline, $0, in: bounds) }.flatMap { $0.values.allSatisfy(\.isNaN) ? nil : $0 }
        }
        let heartrate = series(.heartrate, in: Bounds.heartrate_bpm)
        let power = series(.watts, in: Bounds.power_w)
        let altitude = series(.altitude, in: Bounds.altitude_m)
        let track = streams[.distance].map { DistanceTrack(timeline, $0) }
        let speed = track.map { SecondSeries(speedOf: $0, span_s: timeline.span_s) }
        self.power = power.map(BestEfforts.power)
        self.heartrate = heartrate.map(BestEfforts.heartrate)
        pace = track.map(BestEfforts.pace).flatMap { $0.isEmpty ? nil : $0 }
        heartrateSeconds = heartrate.flatMap(SecondsHistogram.ofWholeValues)
        powerSeconds = power.flatMap { SecondsHistogram.fromZero($0) }
        grid = Self.grid(timeline, streams)
        minutes = Minutes(
            recorded_s: MinuteSeries(recorded: timeline).values, heartrate_bpm: heartrate.map { MinuteSeries(meanOf: $0).values },
            power_w: power.map { MinuteSeries(meanOf: $0).values },
            cadence_rpm: series(.cadence, in: Bounds.cadence_rpm).map { MinuteSeries(meanOf: $0).values },
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
