import Core
import Foundation
import TestKit
import Testing

@testable import Streams
@testable import Warehouse

/// Limits: first and last rung, bins, cells at the edges of the map, an edited sport; against values worked out by hand.
@Suite struct RollupEdgeTests {
    @Test func `the ladder goes from one second to five hours`() {
        func best(_ seconds: Int) -> BestEfforts {
            BestEfforts.power(SecondSeries(values: (0..<seconds).map { $0 == 7 ? 400 : 100 }))
        }
        // (17,999 · 100 + 400) / 18,000
        let whole = best(18_000)
        #expect(whole.values.count == 32 && whole.values[0] == 400 && whole.starts_s[0] == 7)
        #expect(abs(whole.values[31] - 100.016667) < 1e-6)
        #expect(best(17_999).values.count == 31)
        #expect(best(1).values == [100])
    }

    @Test func `values at the bounds count; beyond them they are missing`() throws {
        func sample(_ column: StreamColumn, _ values: [Double]) throws -> CleanStreams {
            try CleanSamples([.time: values.indices.map { Double($0) }, column: values]).clean()
        }
        func bins(_ values: [Double]?) -> SecondSeries { SecondSeries(values: values ?? []) }
        let power = try sample(.watts, [-0.1, 0, 4.999, 5, 3000, 3000.1])
        let seconds = SecondsHistogram.fromZero(bins(power.power).known)?.seconds
        #expect(seconds?.count == 3001 && seconds?.prefix(6) == [1, 0, 0, 0, 1, 1] && seconds?.last == 1 && power.outliers.power == 2)
        let heartrate = try sample(.heartrate, [0, 24.9, 25, 25.4, 25.5, 240, 240.1])
        let beats = SecondsHistogram.ofWholeValues(bins(heartrate.heartrate))
        #expect(beats?.first == 25 && beats?.seconds.count == 216 && heartrate.outliers.heartrate == 3)
        #expect(beats?.seconds.prefix(3) == [2, 1, 0] && beats?.seconds.last == 1)
        #expect(try sample(.cadence, [0, 250, 250.1]).outliers.cadence == 1)
    }

    @Test func `one point is one second, and has no figure that needs more`() throws {
        let streams = try StreamDecoder.decode(
            Array(
                #"{"time":{"data":[5]},"watts":{"data":[200]},"heartrate":{"data":[0]},"distance":{"data":[7]},"altitude":{"data":[1]}}"#
                    .utf8))
        let rollup = ActivityRollup(try #require(CleanStreams(streams)))
        #expect(rollup.metrics.recorded_s == 1 && rollup.metrics.power_s == 1 && rollup.metrics.averagePower_w == 200)
        #expect(rollup.power?.values == [200, 100, 200.0 / 3, 40])  // the five seconds before it are without power
        #expect(rollup.heartrate == nil && rollup.pace == nil && rollup.metrics.heartrate_s == 0)
        #expect(rollup.metrics.normalizedPower_w == nil && rollup.metrics.decoupling == nil && rollup.metrics.bestVAM_m_per_h == nil)
    }

    private func land(_ bench: Bench, _ streams: String, sport: String = "Run") async throws {
        try await bench.land([answer(.activity, 1, #"{"sport_type":"\#(sport)"}"#), answer(.streams, 1, streams)], listed: [listed(1)])
        try await bench.transform()
    }

    @Test func `no cell lies beyond a pole, or on both sides of the date line`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(
                bench,
                #"{"time":{"data":[0,1,2,3,4]},"latlng":{"data":[[90,180],[90,-180],[-90,0],[-0.0001,0.0001],[-33.8688,-179.9999]]}}"#)
            #expect(
                try await bench.lines("SELECT latitude_deg, longitude_deg, seconds FROM silver.activity_grid ORDER BY cell") == [
                    "(-89.9995,0.0005,1)", "(-33.8685,-179.9995,1)", "(-0.0005,0.0005,1)", "(89.9995,-179.9995,2)",
                ])
        }
    }

    @Test func `the grade-adjusted distance follows the sport when it is edited`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let adjusted =
                "SELECT round(grade_adjusted_distance_m::numeric, 4), round(grade_adjusted_pace_s_per_km::numeric, 4) FROM silver.activity_metric"
            try await land(
                bench, #"{"time":{"data":[0,5,10]},"distance":{"data":[0,10,20]},"grade_smooth":{"data":[10,10,0]}}"#, sport: "Ride")
            #expect(try await bench.lines(adjusted) == ["(,)"])
            // 20 m at 10 %: · 5.968214 / 3.6 run, · 4.899135 / 2.5 walked; in 11 s
            for (place, (sport, expected)) in [("Run", "(33.1567,331.7575)"), ("Hike", "(39.1931,280.6618)"), ("Ride", "(,)")].enumerated()
            {
                let edited = answer(.activitySummary, 1, #"{"sport_type":"\#(sport)"}"#, at: Bench.noon + Double(place + 1))
                try await bench.land([edited])
                try await bench.transform()
                #expect(try await bench.lines(adjusted) == [expected], "\(sport)")
            }
        }
    }
}
