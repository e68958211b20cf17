import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The first nine files of `sql/dashboards`, against values worked out by hand.
@Suite struct RollupDashboardTests {
    private func question(_ name: String) throws -> String { try DashboardQuestions.statement(name) }

    /// One ride of 1,000 seconds yesterday at 200 W and 150 beats, 10 m/s to the north, by an athlete of 80 kg with an FTP of 250 W.
    private func land(_ bench: Bench) async throws {
        let start = try await bench.value(
            "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '1 day', 'YYYY-MM-DD\"T\"12:00:00\"Z\"')", as: String.self)
        func list(_ value: (Int) -> String) -> String { "[" + (0..<1000).map(value).joined(separator: ",") + "]" }
        let streams = #"""
            {"time":{"data":\#(list { "\($0)" })},"watts":{"data":\#(list { _ in "200" })},"heartrate":{"data":\#(list { _ in "150" })},
             "distance":{"data":\#(list { "\($0 * 10)" })},"latlng":{"data":\#(list { "[52.\($0 < 500 ? "0001" : "0011"),13.0001]" })}}
            """#
        let detail = #"""
            {"name":"Ride","sport_type":"Ride","start_date":"\#(start)","start_date_local":"\#(start)","distance":9990,"moving_time":1000,
             "total_elevation_gain":10,"gear_id":"b1","gear":{"name":"Road"}}
            """#
        try await bench.land(
            [
                answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250,"weight":80}"#), answer(.activity, 1, detail),
                answer(.streams, 1, streams),
            ], listed: [listed(1)])
        try await bench.transform()
    }

    @Test func `each query has its answer`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            let week = try await bench.lines(question("weekly_totals"))
            #expect(week.count == 1)
            #expect(week[0].contains(",1,10.0,0.28,10,18)"))  // 1000 / 3600 h · 0.8² · 100 = 17.8
            // zones by default: 150 of 190 is 79 %; 200 W of 250 is 80 %
            let zones = try await bench.lines(question("time_in_zones"))
            #expect(zones.filter { !$0.contains(",0.00,") } == ["(heartrate,3,0.28,100.0,t)", "(power,3,0.28,100.0,t)"])
            #expect(zones.count == 5 + 7)
            let curve = try await bench.lines(question("power_curve"))
            #expect(curve.count == EffortLadder.durations_s.filter { $0 <= 1000 }.count)
            #expect(curve.allSatisfy { $0.hasPrefix("(ride,") && $0.contains(",200,2.50,1,") })
            #expect(try await bench.lines(question("heat_map")) == ["(52.0005,13.0005,500)", "(52.0015,13.0005,500)"])
            let form = try await bench.lines(question("fitness_and_fatigue"))
            #expect(form.count == 2)
            #expect(form[0].hasSuffix(",17.8,0.4,2.4,0.0)"))
            let gear = try await bench.lines(question("gear_mileage"))
            #expect(gear.map { $0.prefix(18) } == ["(bike,Road,10.0,,1"])
            let points = try await bench.lines(question("one_activity"))
            #expect(points.count == 500)
            #expect(points[1] == "(2,20,,,150,200,)")
            let records = try await bench.lines(question("personal_records"))
            #expect(records.first?.hasPrefix("(ride,400,00:00:40,00:01:40,1,") == true)
            #expect(try await bench.lines(question("aerobic_decoupling")) == [])
        }
    }

    @Test func `a long ride in which heart rate drifted away from power is found`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let start = try await bench.value(
                "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '30 days', 'YYYY-MM-DD\"T\"12:00:00\"Z\"')", as: String.self)
            func list(_ value: (Int) -> Int) -> String { (0..<1200).map { "\(value($0))" }.joined(separator: ",") }
            let streams = """
                {"time":{"data":[\(list { $0 })]},"watts":{"data":[\(list { _ in 200 })]},"heartrate":{"data":[\(list { $0 < 600 ? 100 : 125 })]}}
                """
            for (id, moving_s) in [(Int64(1), 3600), (2, 3599)] {
                let detail = """
                    {"name":"R\(id)","sport_type":"Ride","start_date":"\(start)","start_date_local":"\(start)","moving_time":\(moving_s)}
                    """
                try await bench.land([answer(.activity, id, detail), answer(.streams, id, streams)], listed: [listed(id)])
            }
            try await bench.transform()
            // 200 / 100 = 2 and 200 / 125 = 1.6 W per beat: (2 − 1.6) / 2 = 20 %; the other one is a second too short
            let found = try await bench.lines(question("aerobic_decoupling"))
            #expect(found.count == 1 && found[0].hasSuffix(",R1,Ride,20.0,power,1.00)"), "\(found)")
        }
    }
}
