/// Figures of an activity that follow from its streams alone. Nil: the streams don't yield it.
struct ActivityMetrics: Sendable, Equatable {
    let recorded_s: Int
    let heartrate_s: Int
    let averageHeartrate_bpm: Double?
    let power_s: Int
    /// Seconds with a power above 0.
    let powerPositive_s: Int
    /// Seconds in which the way covered is known.
    let distance_s: Int
    let averagePower_w: Double?
    let normalizedPower_w: Double?
    let decoupling: Decoupling?
    let bestVAM_m_per_h: Double?
    /// As a run and as a walk: the streams don't say which it was.
    let runAdjustedDistance_m: Double?
    let walkAdjustedDistance_m: Double?
}

/// Normalised power, after Coggan (Allen, Coggan: Training and Racing with a Power Meter): the fourth root of the mean of the fourth
/// powers of the rolling 30-second mean, from the 30th second on. Pauses are left out: the recorded seconds count as contiguous.
enum NormalizedPower {
    static let window_s = 30

    /// Watts; nil for less than 30 s of power.
    static func watts(_ power: [Double]) -> Double? {
        guard power.count >= window_s else { return nil }
        var sum = power[..<window_s].reduce(0, +)
        var total = fourthPower(sum)
        for second in window_s..<power.count {
            sum += power[second] - power[second - window_s]
            total += fourthPower(sum)
        }
        return (total / Double(power.count - window_s + 1)).squareRoot().squareRoot()
    }

    private static func fourthPower(_ sum: Double) -> Double {
        let mean = sum / Double(window_s)
        return mean * mean * mean * mean
    }
}

/// By how much output per heartbeat falls from the first half to the second, after Friel (Pw:HR and Pa:HR): with the ratio of mean power
/// (or mean speed) to mean heart rate in each half, (first − second) / first, in percent. Positive: the heart rate drifted up.
struct Decoupling: Sendable, Equatable {
    enum Basis: String, Sendable { case power, pace }

    /// Over less than 20 minutes the figure means nothing.
    static let known_s_min = 1200

    let percent: Double
    let basis: Basis

    /// Only seconds that have both values count; these are halved.
    init?(_ output: SecondSeries, basis: Basis, heartrate: SecondSeries) {
        let pairs = zip(output.values, heartrate.values).filter { !$0.isNaN && !$1.isNaN }
        guard pairs.count >= Self.known_s_min else { return nil }
        func ratio(_ half: ArraySlice<(Double, Double)>) -> Double {
            half.reduce(0) { $0 + $1.0 } / half.reduce(0) { $0 + $1.1 }
        }
        let first = ratio(pairs[..<(pairs.count / 2)])
        let second = ratio(pairs[(pairs.count / 2)...])
        guard first > 0, first.isFinite, second.isFinite else { return nil }
        percent = (first - second) / first * 100
        self.basis = basis
    }
}

/// Climbing speed (velocità ascensionale media, after Ferrari): metres climbed per hour, over the best 10 minutes of elapsed time, net from
/// the start of the window to its end.
enum ClimbingSpeed {
    static let window_s = 600

    /// Metres per hour; nil when nothing was climbed or the altitude is not known over 10 minutes.
    static func best_m_per_h(_ altitude: SecondSeries) -> Double? {
        let values = altitude.values
        guard values.count > window_s else { return nil }
        var best = 0.0
        for second in 0..<(values.count - window_s) { best = max(best, values[second + window_s] - values[second]) }
        return best > 0 ? best * 3600 / Double(window_s) : nil
    }
}

/// The level distance of equal effort, by the metabolic cost of walking and running on slopes (Minetti et al. 2002, J. Appl. Physiol. 93:
/// 1039–1046), in joules per kilogram and metre for gradients i of up to 45 %. Walking on the level costs less than running, and a slope
/// makes more of a difference.
enum GradeAdjustment {
    /// C(i) = 155.4 i⁵ − 30.4 i⁴ − 43.3 i³ + 46.3 i² + 19.5 i + 3.6 for running, 280.5 i⁵ − 58.7 i⁴ − 76.8 i³ + 51.9 i² + 19.6 i + 2.5 for
    /// walking.
    enum Gait {
        case running, walking

        /// Relative to the level.
        fileprivate func cost(_ i: Double) -> Double {
            switch self {
            case .running: (((((155.4 * i - 30.4) * i - 43.3) * i + 46.3) * i + 19.5) * i + 3.6) / 3.6
            case .walking: (((((280.5 * i - 58.7) * i - 76.8) * i + 51.9) * i + 19.6) * i + 2.5) / 2.5
            }
        }
    }

    static let gradient_max = 0.45

    /// Cost on the gradient (rise over run) relative to the level.
    static func factor(_ gradient: Double, _ gait: Gait) -> Double {
        gait.cost(min(max(gradient, -gradient_max), gradient_max))
    }

    /// Metres on the level that cost as much. A stretch has the grade of its first sample; without one it counts as level.
    /// - Parameters:
    ///   - metres: the way covered at each sample, NaN where it is not known.
    ///   - gradesPercent: the grade at each sample.
    static func distance_m(_ metres: [Double], gradesPercent: [Double], _ gait: Gait) -> Double? {
        guard gradesPercent.contains(where: { !$0.isNaN }) else { return nil }
        var total = 0.0
        var last: (metres: Double, grade: Double)?
        for (metres, grade) in zip(metres, gradesPercent) where !metres.isNaN {
            if let last { total += (metres - last.metres) * factor(last.grade.isNaN ? 0 : last.grade / 100, gait) }
            last = (metres, grade)
        }
        return last == nil ? nil : total
    }
}
