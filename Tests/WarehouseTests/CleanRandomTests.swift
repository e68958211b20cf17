import TestKit
import Testing

@testable import Streams
@testable import Warehouse

/// A clean ride that is damaged at random places, in random ways, keeps its figures.
@Suite struct CleanRandomTests {
    /// An hour and a half on hills: 5 to 11 m/s, 100 to 300 W with two sprints, 110 to 170 beats.
    private static let ride: CleanSamples = {
        let seconds = (0..<5400).map(Double.init)
        func wave(_ second: Double, _ period: Double) -> Double { abs(second.truncatingRemainder(dividingBy: period) / period * 2 - 1) }
        var metres = [0.0]
        for second in seconds.dropFirst() { metres.append(metres[metres.count - 1] + 5 + 6 * wave(second, 900)) }
        let power = seconds.map { 100 + 200 * wave($0, 600) + ((2000..<2010).contains($0) || (4000..<4020).contains($0) ? 500 : 0) }
        return CleanSamples([
            .time: seconds, .distance: metres, .watts: power, .heartrate: seconds.map { (110 + 60 * wave($0, 1300)).rounded() },
            .cadence: seconds.map { _ in 85 }, .altitude: seconds.map { 800 + 200 * wave($0, 1800) },
            .latitude: metres.map { 47 + $0 / 111_195 }, .longitude: seconds.map { _ in 8 },
        ])
    }()

    private typealias Damage = (name: String, apply: @Sendable (inout CleanSamples, inout SeededRandom) -> Void)

    private static func run(_ random: inout SeededRandom, _ longest: Int) -> Range<Int> {
        let start = 60 + Int(random.next() % 5200)
        return start..<(start + 1 + Int(random.next() % UInt64(longest)))
    }

    private static func set(_ column: StreamColumn, longest: Int, _ values: [Double])
        -> @Sendable (inout CleanSamples, inout SeededRandom) -> Void
    {
        { samples, random in
            let value = values[Int(random.next() % UInt64(values.count))]
            samples = samples.with(column, run(&random, longest)) { _ in value }
        }
    }

    private static let kinds: [Damage] = [
        ("wild times", set(.time, longest: 3, [-4e5, 0, 1e6, 1e300, .nan, .infinity])),
        ("codes of heart rate", set(.heartrate, longest: 8, [0, 255, -1, 65_535, .nan])),
        ("codes of power", set(.watts, longest: 8, [65_535, 32_767, 4095, -1, .nan])),
        ("a spike of power", set(.watts, longest: 1, [2900])),
        ("codes of cadence", set(.cadence, longest: 8, [255, .nan])),
        ("altitude", set(.altitude, longest: 8, [0, 12_607, -500, 5000, .nan])),
        ("distance", set(.distance, longest: 8, [0, 9e6, 1e300, .nan])), ("latitude", set(.latitude, longest: 8, [0, 46, 90, 91, .nan])),
        (
            "a distance that starts anew",
            { samples, random in
                let start = run(&random, 1).lowerBound
                let base = samples.series[.distance]?[start] ?? 0
                if base.isNaN || base > 1e6 { return }
                samples = samples.with(.distance, start..<5400) { (samples.series[.distance]?[$0] ?? 0) - base }
            }
        ),
        (
            "a clock that is set back",
            { samples, random in
                let start = run(&random, 1).lowerBound
                samples = samples.with(.time, start..<5400) { (samples.series[.time]?[$0] ?? 0) - 500 }
            }
        ),
        (
            "two samples of one second",
            { samples, random in
                let start = run(&random, 1).lowerBound
                samples.series = samples.series.mapValues { values in
                    (values[...start] + values[start...]).dropLast().map { $0 }
                }
            }
        ),
    ]

    @Test func `a ride damaged at random keeps its figures`() throws {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        let whole = try Self.ride.rollup()
        for round in 0..<60 {
            var damaged = Self.ride
            var kinds: [String] = []
            for _ in 0..<(1 + random.next() % 6) {
                let kind = Self.kinds[Int(random.next() % UInt64(Self.kinds.count))]
                kind.apply(&damaged, &random)
                kinds.append(kind.name)
            }
            let what = "seed \(seed), round \(round): \(kinds)"
            let rollup = try damaged.rollup()
            func near(_ value: Double?, _ wanted: Double?, within part: Double, _ figure: String) {
                guard let value, let wanted else {
                    Issue.record("\(figure) is missing, \(what)")
                    return
                }
                #expect(abs(value - wanted) <= part * wanted, "\(figure) is \(value), not \(wanted); \(what)")
            }
            let (now, before) = (rollup.metrics, whole.metrics)
            near(Double(now.recorded_s), Double(before.recorded_s), within: 0.01, "recorded time")
            near(Double(now.power_s), Double(before.power_s), within: 0.01, "time of power")
            near(now.averagePower_w, before.averagePower_w, within: 0.01, "mean power")
            near(now.normalizedPower_w, before.normalizedPower_w, within: 0.01, "normalised power")
            near(now.averageHeartrate_bpm, before.averageHeartrate_bpm, within: 0.01, "mean heart rate")
            near(now.bestVAM_m_per_h, before.bestVAM_m_per_h, within: 0.05, "climbing speed")
            for rung in [0, 5, 15, 20, 24] {
                near(rollup.power?.values[rung], whole.power?.values[rung], within: 0.03, "power, rung \(rung)")
            }
            near(rollup.heartrate?.best(over: 60), whole.heartrate?.best(over: 60), within: 0.01, "best heart rate")
            for rung in 0..<8 { near(rollup.pace?.values[rung], whole.pace?.values[rung], within: 0.03, "pace, rung \(rung)") }
            near(Double(now.distance_s), Double(before.distance_s), within: 0.02, "time of distance")
            let (cells, visited) = (Set(whole.grid?.cells ?? []), Set(rollup.grid?.cells ?? []))
            #expect(visited.subtracting(cells) == [] && cells.count - visited.count <= 3, "\(what)")
        }
    }
}
