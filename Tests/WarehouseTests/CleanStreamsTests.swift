import Testing

@testable import Streams
@testable import Warehouse

/// Outliers of each stream go, the rest stays: against values worked out by hand.
@Suite struct CleanStreamsTests {
    private let ride = CleanSamples.ride

    /// The figures of `ride`, which damage must not change.
    private func expectUnharmed(_ samples: CleanSamples, outliers: (StreamOutliers) -> Bool, _ what: String) throws {
        let (clean, rollup) = (try samples.clean(), try samples.rollup())
        #expect(outliers(clean.outliers), "\(what): \(clean.outliers)")
        #expect(abs(rollup.metrics.recorded_s - 3600) <= 1, "\(what)")
        #expect(
            abs((rollup.metrics.averagePower_w ?? 0) - 200) < 0.1 && abs((rollup.metrics.normalizedPower_w ?? 0) - 200) < 0.1, "\(what)")
        #expect(rollup.metrics.averageHeartrate_bpm == 140 && rollup.heartrate?.best(over: 60) == 140, "\(what)")
        #expect(rollup.metrics.bestVAM_m_per_h ?? 0 < 1, "\(what)")
        // 400 m at 8 m/s
        #expect(abs((rollup.pace?.values[0] ?? 0) - 50) < 0.01, "\(what): \(rollup.pace?.values[0] ?? 0)")
        #expect((rollup.grid?.cells ?? []).allSatisfy { $0 / 1_000_000 >= 137_000 && $0 / 1_000_000 < 137_260 }, "\(what)")
    }

    @Test func `an activity without damage is left as it is`() throws {
        let clean = try ride.clean()
        #expect(
            clean.outliers
                == StreamOutliers(
                    time: 0, longestStep_s: 1, distance: 0, position: 0, altitude: 0, heartrate: 0, power: 0, cadence: 0))
        #expect(clean.distance?.metres == ride.series[.distance] && clean.latitudes == ride.series[.latitude])
        #expect(clean.power == ride.series[.watts] && clean.altitude == ride.series[.altitude])
    }

    @Test func `codes for no value are no values`() throws {
        try expectUnharmed(ride.with(.heartrate, 0..<300) { _ in 255 }, outliers: { $0.heartrate == 300 }, "255 beats")
        try expectUnharmed(ride.with(.heartrate, 5..<30) { _ in 0 }, outliers: { $0.heartrate == 25 }, "0 beats")
        try expectUnharmed(ride.with(.watts, [9: 65_535, 10: 32_767, 11: 4095, 12: -3]), outliers: { $0.power == 4 }, "watts")
        try expectUnharmed(ride.with(.cadence, [9: 255]), outliers: { $0.cadence == 1 }, "cadence")
        try expectUnharmed(ride.with(.altitude, [700: 12_607, 800: -500]), outliers: { $0.altitude == 2 }, "altitude")
    }

    @Test func `dropouts and spikes of the altitude are no climb`() throws {
        try expectUnharmed(ride.with(.altitude, [700: 0, 1500: 0]), outliers: { $0.altitude == 2 }, "single zeros")
        try expectUnharmed(ride.with(.altitude, 700..<1500) { _ in 0 }, outliers: { $0.altitude == 800 }, "zeros for long")
        try expectUnharmed(ride.with(.altitude, 0..<120) { _ in 0 }, outliers: { $0.altitude == 120 }, "zeros at the start")
        try expectUnharmed(ride.with(.altitude, 20..<40) { _ in 900 }, outliers: { $0.altitude == 20 }, "a spike")
        // a new calibration by 250 m: the altitude stays there, nothing was climbed
        let step = ride.with(.altitude, 1800..<3600) { _ in 350 }
        try expectUnharmed(step, outliers: { $0.altitude == 1 }, "a step")
        #expect(try step.rollup().minutes.altitude_m?.last == 350)
    }

    @Test func `a climb of 600 m an hour is a climb`() throws {
        let climb = CleanSamples.ride.with(.altitude, 0..<3600) { 100 + Double($0) / 6 }
        #expect(try abs((climb.rollup().metrics.bestVAM_m_per_h ?? 0) - 600) < 0.01)
        #expect(try abs((climb.with(.altitude, [30: 5000, 1000: 0]).rollup().metrics.bestVAM_m_per_h ?? 0) - 600) < 2)
    }

    @Test func `a distance that goes away and comes back is left out`() throws {
        try expectUnharmed(ride.with(.distance, [1700: 9_000_000]), outliers: { $0.distance == 1 }, "one wild sample")
        try expectUnharmed(ride.with(.distance, [0: 9_000_000]), outliers: { $0.distance == 1 }, "the first")
        try expectUnharmed(ride.with(.distance, [3599: 9_000_000]), outliers: { $0.distance == 1 }, "the last")
        try expectUnharmed(ride.with(.distance, [1700: 0, 1701: 0]), outliers: { $0.distance == 2 }, "zeros")
        try expectUnharmed(ride.with(.distance, 1700..<1730) { Double($0) + 5e6 }, outliers: { $0.distance == 30 }, "a run")
        try expectUnharmed(ride.with(.distance, [1700: .infinity, 1800: 1e300]), outliers: { $0.distance == 2 }, "no numbers")
    }

    @Test func `a distance that starts anew or jumps keeps the stretches before and behind it`() throws {
        let anew = ride.with(.distance, 1800..<3600) { Double($0 - 1800) * 8 }
        let ahead = ride.with(.distance, 1800..<3600) { Double($0) * 8 + 20_000_000 }
        let back = ride.with(.distance, 1800..<3600) { Double($0) * 8 - 500 }
        for (samples, what) in [(anew, "anew"), (ahead, "ahead"), (back, "back")] {
            try expectUnharmed(samples, outliers: { $0.distance == 1 }, what)
            let metres = try #require(try samples.clean().distance?.metres)
            // the way of one second is not known
            #expect(abs((metres[3599] - metres[0]) - 3598 * 8) < 1e-6, "\(what)")
            #expect(try samples.rollup().metrics.distance_s == 3598, "\(what)")
        }
    }

    @Test func `a fast descent is no jump, nor is a flight`() throws {
        // 3 m/s for half an hour, 1 m/s² faster up to 20 m/s, and on
        var metres = [0.0]
        for second in 1..<3600 { metres.append(metres[second - 1] + min(20, max(3, 3 + Double(second - 1800)))) }
        let descent = CleanSamples([.time: CleanSamples.hour, .distance: metres])
        #expect(try descent.clean().outliers.distance == 0)
        let flight = CleanSamples([.time: CleanSamples.hour, .distance: CleanSamples.hour.map { $0 * 240 }])
        #expect(try flight.clean().outliers.distance == 0)
        // every 30 s: up at 3 m/s, down at 14 m/s
        let times = (0..<200).map { Double($0 * 30) }
        let seldom = CleanSamples([.time: times, .distance: times.map { $0 < 3000 ? $0 * 3 : 9000 + ($0 - 3000) * 14 }])
        #expect(try seldom.clean().outliers.distance == 0)
    }

    @Test func `a tunnel at whose end the distance catches up is spread over its seconds`() throws {
        // the distance stands from 1000 s to 1099 s and has all of the way at 1100 s: 100 points repeat the one before, 99 of them are stale
        let tunnel = ride.with(.distance, 1001..<1100) { _ in 8000 }
        try expectUnharmed(tunnel, outliers: { $0.distance == 99 }, "tunnel")
        #expect(try tunnel.rollup().metrics.distance_s == 3599)
    }

    @Test func `what is covered in a pause by car is no way covered`() throws {
        // 3 m/s for 600 s, 12 km in 20 minutes, 3 m/s for 600 s
        let times = (0...600).map(Double.init) + (0...600).map { Double(1800 + $0) }
        let metres = (0...600).map { Double($0) * 3 } + (0...600).map { 13_800 + Double($0) * 3 }
        let run = CleanSamples([.time: times, .distance: metres])
        #expect(try run.clean().distance?.metres.last == 3600)
        #expect(try run.rollup().metrics.recorded_s == 1202)
        #expect(try abs((run.rollup().pace?.values[0] ?? 0) - 400.0 / 3) < 1e-9)
    }

    @Test func `positions at 0, 0, away and back, or before the fix are left out`() throws {
        func moved(_ range: Range<Int>, _ north: Double, _ east: Double) -> CleanSamples {
            ride.with(.latitude, range) { _ in north }.with(.longitude, range) { _ in east }
        }
        try expectUnharmed(moved(0..<60, 0, 0), outliers: { $0.position == 60 }, "zeros at the start")
        try expectUnharmed(moved(1000..<1500, 0, 0), outliers: { $0.position == 500 }, "zeros")
        try expectUnharmed(moved(1000..<1001, 46, 8), outliers: { $0.position == 1 }, "one sample away")
        try expectUnharmed(moved(1000..<1040, 51, -179), outliers: { $0.position == 40 }, "a run away")
        try expectUnharmed(moved(0..<300, 40, 3), outliers: { $0.position == 300 }, "where it was the last time")
    }

    @Test func `a receiver that corrects itself by some hundred metres loses no position`() throws {
        let corrected = ride.with(.latitude, 300..<3600) { 47 + (Double($0) * 8 + 200) / 111_195 }
        #expect(try corrected.clean().outliers.position == 0)
        // by 500 m: one jump is named, and the start, which may be right, stays
        let jumped = try ride.with(.latitude, 300..<3600) { 47 + (Double($0) * 8 + 500) / 111_195 }.clean()
        #expect(jumped.outliers.position == 1 && jumped.latitudes?[0] == 47)
    }

    @Test func `a course through 0, 0 and one over the date line stay`() throws {
        let line = CleanSamples.hour
        let atZero = CleanSamples([.time: line, .latitude: line.map { ($0 - 1800) * 1e-4 }, .longitude: line.map { _ in 0 }])
        #expect(try atZero.clean().outliers.position == 0)
        let atDateLine = CleanSamples([
            .time: line, .latitude: line.map { _ in 10 }, .longitude: line.map { $0 < 1800 ? 179 + $0 / 1800 : -181 + $0 / 1800 },
        ])
        #expect(try atDateLine.clean().outliers.position == 0)
    }

    @Test func `a single spike of power goes, a sprint stays`() throws {
        try expectUnharmed(ride.with(.watts, [1000: 1900]), outliers: { $0.power == 1 }, "a spike")
        let sprint = ride.with(.watts, [1000: 500, 1001: 900, 1002: 1400, 1003: 1300, 1004: 1000, 1005: 600])
        #expect(try sprint.clean().outliers.power == 0)
        #expect(try sprint.rollup().power?.best(over: 1) == 1400)
    }

    @Test func `a meter that dies has no values, a descent has zeros`() throws {
        // dead for 3,000 s while the pedals turn
        let dead = try ride.with(.watts, 600..<3600) { _ in 0 }.rollup().metrics
        #expect(dead.power_s == 600 && dead.averagePower_w == 200 && dead.powerPositive_s == 600)
        // without cadence the way says it
        var still = ride.with(.watts, 600..<3600) { _ in 0 }
        still.series[.cadence] = nil
        #expect(try still.rollup().metrics.power_s == 600)
        // coasting for 20 minutes
        let coasting = try ride.with(.watts, 600..<1801) { _ in 0 }.with(.cadence, 600..<1801) { _ in 0 }.rollup().metrics
        #expect(coasting.power_s == 3600 && coasting.powerPositive_s == 2399)
        // zeros from first to last
        #expect(try ride.with(.watts, 0..<3600) { _ in 0 }.rollup().power == nil)
        // no pedals, no way: a rest with the device running
        var rest = ride.with(.watts, 600..<3600) { _ in 0 }.with(.cadence, 600..<3600) { _ in 0 }
        rest = rest.with(.distance, 600..<3600) { _ in 4800 }
        #expect(try rest.rollup().metrics.power_s == 3600)
    }

    @Test func `seconds at each speed come from the speed that Strava smoothed, else from the distance`() throws {
        #expect(try ride.rollup().speedSeconds?.seconds.last == 3599)
        #expect(try ride.rollup().speedSeconds?.seconds.count == 801)
        var smooth = CleanSamples([.time: [0, 1, 2, 3, 60, 61], .velocity: [2.3, 0, 11.995, 11.99, 2.309, -1]])
        // at 3 s a pause follows; −1 is no speed
        let seconds = try #require(try smooth.rollup().speedSeconds?.seconds)
        #expect(seconds.count == 1200 && seconds[230] == 2 && seconds[0] == 1 && seconds[1199] == 2 && seconds.reduce(0, +) == 5)
        smooth.series[.velocity] = [0, 0, 0, 0, 0, 0]
        #expect(try smooth.rollup().speedSeconds == nil)
        // a position that jumps is no speed
        let jump = CleanSamples([.time: CleanSamples.hour, .velocity: CleanSamples.hour.map { (900..<905).contains($0) ? 200 : 3 }])
        #expect(try jump.rollup().speedSeconds?.seconds.count == 301)
    }
}
