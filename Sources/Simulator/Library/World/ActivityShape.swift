import Foundation

/// The course of one activity in closed form: each point and each total can be computed alone, so that a list of summaries needs no
/// streams.
///
/// Speed varies around its mean as a cosine, altitude as a sine, and the route is a loop. Points are one or two seconds apart, with pauses
/// between them.
struct ActivityShape {
    let recipe: ActivityRecipe
    /// Seconds between points, 1 to 1.5 on average.
    private let step_s: Double
    private let waves: Double
    private let swing: Double
    let hills: Double
    let hill_m: Double
    let base_m: Double
    let speed_mps: Double
    private let radius_deg: Double
    private let angle: Double
    private let firstDistance_dm: Double

    init(_ recipe: ActivityRecipe) {
        var random = SplitMix64(recipe.seed, 11)
        self.recipe = recipe
        step_s = random.oneIn(5) ? 1 : random.double(1...1.5)
        waves = Double(random.int(3...12))
        swing = random.double(0.1...0.5)
        hills = Double(random.int(1...6))
        hill_m = recipe.kind.hill_m.upperBound == 0 || random.oneIn(6) ? 0 : random.double(recipe.kind.hill_m)
        base_m = recipe.kind.hasAltitude && recipe.kind != .indoorRide ? random.double(-5...900) : 0
        speed_mps = random.double(recipe.kind.speed_mps)
        radius_deg = random.double(0.005...0.03)
        angle = random.double(0...(2 * .pi))
        firstDistance_dm = random.oneIn(2) ? 0 : Double(random.int(1...91))
    }

    private var last: Int { max(0, recipe.keptPoints - 1) }
    private var fullMoving_s: Double { max(1, Double(movingSeconds(at: max(0, recipe.points - 1)))) }

    // MARK: Points

    func movingSeconds(at index: Int) -> Int { Int(Double(index) * step_s) }

    func time_s(at index: Int) -> Int {
        movingSeconds(at: index) + recipe.pauses.reduce(0) { $0 + ($1.index <= index ? $1.seconds : 0) }
    }

    func isMoving(at index: Int) -> Bool { !recipe.pauses.contains { $0.index == index } }

    /// 0 at the first point as recorded, 1 at the last.
    func progress(at index: Int) -> Double { Double(movingSeconds(at: index)) / fullMoving_s }

    /// -1 to 1: how hard the athlete works.
    func effort(at index: Int) -> Double { cos(2 * .pi * waves * progress(at: index)) }

    func distance_dm(at index: Int) -> Int {
        let progress = progress(at: index)
        let phase = 2 * Double.pi * waves
        let travelled = progress + swing * sin(phase * progress) / phase
        return Int((firstDistance_dm + 10 * speed_mps * fullMoving_s * travelled).rounded())
    }

    func speed_mmps(at index: Int) -> Int {
        isMoving(at: index) ? Int((1000 * speed_mps * (1 + swing * effort(at: index))).rounded()) : 0
    }

    func altitude_dm(at index: Int) -> Int {
        Int((10 * (base_m + hill_m * sin(2 * .pi * hills * progress(at: index)))).rounded())
    }

    /// Tenths of a percent.
    func grade_permille(at index: Int) -> Int {
        guard speed_mps > 0, hill_m > 0 else { return 0 }
        let slope = hill_m * 2 * .pi * hills * cos(2 * .pi * hills * progress(at: index)) / (speed_mps * fullMoving_s)
        return Int((1000 * min(0.45, max(-0.45, slope))).rounded())
    }

    /// Millionths of a degree.
    func position_udeg(at index: Int) -> (latitude: Int, longitude: Int) {
        let turn = 2 * Double.pi * progress(at: index)
        let radius = radius_deg * (1 + 0.3 * sin(3 * turn))
        let latitude = recipe.zone.latitude + radius * sin(turn + angle)
        let longitude = recipe.zone.longitude + radius * cos(turn + angle)
        return (Int((latitude * 1e6).rounded()), Int((longitude * 1e6).rounded()))
    }

    // MARK: Totals

    var moving_s: Int { recipe.kind.hasStreams ? movingSeconds(at: last) : manualSeconds }
    var elapsed_s: Int { recipe.kind.hasStreams ? time_s(at: last) : manualSeconds }
    var distance_dm: Int {
        if recipe.kind.hasDistance { return distance_dm(at: last) }
        return recipe.kind == .manual ? Int(speed_mps * Double(manualSeconds) / 100) * 1000 : 0
    }
    var climb_m: Int { Int(2 * hill_m * hills * (recipe.kind.hasStreams ? progress(at: last) : 0)) }
    var maxSpeed_mmps: Int { Int((1000 * speed_mps * (1 + swing)).rounded()) }
    var averageSpeed_mmps: Int { moving_s == 0 ? 0 : distance_dm * 100 / moving_s }
    private var manualSeconds: Int { 600 * Int(1 + recipe.seed % 9) }
}

/// The sensors' values during an activity: heart rate, cadence, power, temperature. Each point can be computed alone.
struct ActivityBody {
    private let recipe: ActivityRecipe
    private let rest_bpm: Int
    private let swing_bpm: Int
    let drift_bpm: Int
    private let startsWithZeroHeartrate: Bool
    private let base_rpm: Int
    let base_w: Int
    let base_c: Int
    private let nullTemperatures: Int

    init(_ recipe: ActivityRecipe) {
        var random = SplitMix64(recipe.seed, 12)
        self.recipe = recipe
        rest_bpm = random.int(110...150)
        swing_bpm = random.int(5...20)
        drift_bpm = random.int(0...10)
        startsWithZeroHeartrate = random.oneIn(10)
        base_rpm = recipe.kind.isRun ? random.int(76...92) : random.int(70...95)
        base_w = random.int(120...260)
        base_c = random.int(-4...30)
        nullTemperatures = random.oneIn(8) ? random.int(1...14) : 0
    }

    var average_bpm: Int { rest_bpm + drift_bpm / 2 }
    var max_bpm: Int { rest_bpm + drift_bpm + swing_bpm + 2 }
    var average_rpm: Int { base_rpm }

    func heartrate(_ index: Int, _ shape: ActivityShape) -> Int {
        if startsWithZeroHeartrate && index < 4 { return 0 }
        let drift = Double(drift_bpm) * shape.progress(at: index)
        let swing = Double(swing_bpm) * shape.effort(at: index)
        return rest_bpm + Int((drift + swing).rounded()) + noise(index, 1) % 3
    }

    func cadence(_ index: Int, _ shape: ActivityShape) -> Int {
        if !shape.isMoving(at: index) || (recipe.kind.isRide && noise(index, 2) % 23 == 0) { return 0 }
        return base_rpm + Int(3 * shape.effort(at: index)) + noise(index, 2) % 4
    }

    /// Outdoor power meters miss single points; coasting is 0.
    func watts(_ index: Int, _ shape: ActivityShape) -> Int? {
        let noise = noise(index, 3)
        if recipe.kind == .ride && noise % 251 == 7 { return nil }
        if recipe.kind == .ride && noise % 19 == 0 { return 0 }
        return max(0, base_w + Int(Double(base_w) * 0.4 * shape.effort(at: index)) + noise % 25)
    }

    func temperature(_ index: Int, _ shape: ActivityShape) -> Int? {
        index < nullTemperatures ? nil : base_c + Int(3 * shape.progress(at: index))
    }

    private func noise(_ index: Int, _ channel: UInt64) -> Int {
        Int(SplitMix64.mix(recipe.seed ^ (UInt64(index) << 8) ^ channel) % 1_000_003)
    }
}

/// How an activity is divided into laps: equal parts of its points; a border belongs to both.
enum Laps {
    struct Lap {
        let number: Int
        let start: Int
        let end: Int
    }

    /// Recordings without streams have one lap, manual activities none.
    static func count(_ recipe: ActivityRecipe) -> Int {
        if recipe.kind == .manual { return 0 }
        return recipe.keptPoints < 240 ? 1 : 1 + Int(recipe.seed % 5)
    }

    static func all(_ recipe: ActivityRecipe) -> [Lap] {
        let count = count(recipe)
        let last = max(0, recipe.keptPoints - 1)
        return (0..<count).map { Lap(number: $0 + 1, start: last * $0 / count, end: last * ($0 + 1) / count) }
    }
}
