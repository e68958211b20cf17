/// What sensors say during an activity: heart, legs, power, air; each point by itself.
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

    /// Outdoor power meters lose single points; coasting is 0.
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
