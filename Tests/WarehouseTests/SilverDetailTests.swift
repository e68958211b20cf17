import Core
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// `sql/silver/21_effort.sql` and `22_photo.sql`, against values worked out by hand.
@Suite struct SilverDetailTests {
    private func detail(_ fields: String) -> String {
        #"{"sport_type":"Run","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z",\#(fields)}"#
    }

    @Test func `each column of an effort has its field`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let effort = #"""
                {"id":3900000000000000101,"name":"Hill","elapsed_time":61.4,"moving_time":"60","start_date":"2026-07-01T06:40:00Z",
                 "start_date_local":"2026-07-01T08:40:00Z","distance":400.5,"start_index":0,"end_index":"80","average_cadence":81.5,
                 "device_watts":true,"average_watts":250,"average_heartrate":150.5,"max_heartrate":160,"pr_rank":3,"kom_rank":10,"hidden":false,
                 "visibility":"only_me","achievements":[{"type":"pr","rank":3},{"type":"year_pr"}],
                 "segment":{"id":7,"name":"The hill","activity_type":"Run","distance":401,"average_grade":-5.5,"maximum_grade":12,
                   "elevation_high":110.5,"elevation_low":-3,"start_latlng":[52.5,13.25],"end_latlng":[],"climb_category":2,"city":"Berlin",
                   "state":"","country":"Germany","private":false,"hazardous":true,"starred":false}}
                """#
            let best = #"{"id":5,"name":"400m","elapsed_time":90,"distance":400,"pr_rank":null,"achievements":[],"start_index":-1}"#
            let body = detail(#""segment_efforts":["no effort",\#(effort)],"best_efforts":[\#(best),{}]"#)
            try await bench.land([answer(.activity, 1, body)], listed: [listed(1)])
            try await bench.transform()
            let own = """
                SELECT effort_number, effort_id, segment_id, name, start_at, start_date_local, distance_m, moving_time_s, elapsed_time_s,
                       average_heartrate_bpm, max_heartrate_bpm, average_cadence_rpm, average_power_w, has_power_meter, pr_rank, kom_rank,
                       achievement_types, achievement_ranks, is_hidden, visibility, first_index, last_index FROM silver.segment_effort
                """
            let expected =
                #"(1,3900000000000000101,7,Hill,"2026-07-01 06:40:00+00","2026-07-01 08:40:00",400.5,60,61,150.5,160,81.5,250,t,3,10,"{pr,year_pr}","{3,NULL}",f,only_me,1,81)"#
            #expect(try await bench.lines(own) == [expected])
            let segment = """
                SELECT segment_name, segment_activity_type, segment_distance_m, segment_average_grade_percent, segment_maximum_grade_percent,
                       segment_elevation_high_m, segment_elevation_low_m, segment_climb_category, segment_city, segment_state,
                       segment_country, segment_is_private, segment_is_hazardous, segment_is_starred, segment_start_latitude_deg,
                       segment_start_longitude_deg, segment_end_latitude_deg, segment_end_longitude_deg FROM silver.segment_effort
                """
            #expect(try await bench.lines(segment) == [#"("The hill",Run,401,-5.5,12,110.5,-3,2,Berlin,,Germany,f,t,f,52.5,13.25,,)"#])
            #expect(
                try await bench.lines(
                    "SELECT effort_number, effort_id, name, distance_m, elapsed_time_s, pr_rank, achievement_types, first_index FROM silver.best_effort ORDER BY 1"
                ) == ["(1,5,400m,400,90,,,)", "(2,,,,,,,)"])
        }
    }

    /// Two efforts on segment 7, of 90 s on 1 July and 100 s on 2 July, when it has another name; deleted one after the other.
    @Test func `a segment is as its newest effort describes it, whatever order details come in, and goes with the last effort`()
        async throws
    {
        func segment(_ name: String, day: Int, _ seconds: Int) -> String {
            let start = #""start_date":"2026-07-0\#(day)T06:40:00Z""#
            return detail(#""segment_efforts":[{\#(start),"elapsed_time":\#(seconds),"segment":{"id":7,"name":"\#(name)"}}]"#)
        }
        let answers = [answer(.activity, 1, segment("old", day: 1, 90)), answer(.activity, 2, segment("new", day: 2, 100))]
        let query = "SELECT segment_id, name, effort_count, best_elapsed_time_s, first_effort_at, last_effort_at FROM silver.segment"
        for order in [answers, answers.reversed()] {
            try await withTestDatabase { database in
                let bench = try await Bench(database)
                for answer in order {
                    try await bench.land([answer], listed: [listed(answer.objectID)])
                    try await bench.transform()
                }
                #expect(try await bench.lines(query) == [#"(7,new,2,90,"2026-07-01 06:40:00+00","2026-07-02 06:40:00+00")"#])
                try await bench.land([answer(.activity, 2, detail(#""segment_efforts":[]"#), at: Bench.noon + 1)])
                try await bench.transform()
                #expect(try await bench.lines(query) == [#"(7,old,1,90,"2026-07-01 06:40:00+00","2026-07-01 06:40:00+00")"#])
                try await database.query("UPDATE sync.activity SET gone_at = now() WHERE activity_id = 1")
                try await database.query("INSERT INTO sync.transform_work (athlete_id, activity_id) VALUES (\(Bench.athlete), 1)")
                try await bench.transform()
                #expect(try await bench.lines(query) == [])
            }
        }
    }

    @Test func `a new detail replaces efforts and photos, a new summary leaves them alone`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let lists = #""best_efforts":[{"id":1},{"id":2}],"segment_efforts":[{"id":3}],"photos":{"primary":{"id":9,"urls":{"100":"a"}}}"#
            try await bench.land([answer(.activity, 1, detail(lists))], listed: [listed(1)])
            try await bench.transform()
            let rows = """
                SELECT effort_id, xmin::text FROM silver.best_effort UNION ALL SELECT effort_id, xmin::text FROM silver.segment_effort
                UNION ALL SELECT photo_id::bigint, xmin::text FROM silver.photo ORDER BY 1
                """
            let before = try await bench.lines(rows)
            #expect(before.count == 4)
            try await bench.land([answer(.activitySummary, 1, detail(#""name":"x""#), at: Bench.noon + 5)])
            try await bench.transform()
            #expect(try await bench.lines(rows) == before)
            try await bench.land([answer(.activity, 1, detail(#""best_efforts":[{"id":4}],"photos":{"primary":null}"#), at: Bench.noon + 6)]
            )
            try await bench.transform()
            #expect(try await bench.lines("SELECT effort_id FROM silver.best_effort") == ["(4)"])
            #expect(try await bench.lines("SELECT FROM silver.segment_effort UNION ALL SELECT FROM silver.photo") == [])
        }
    }

    @Test func `a photo has a row for each size; what is no address is left out`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let one =
                #"{"primary":{"id":null,"unique_id":"u","urls":{"100":"https://p/1","600":"https://p/6","raw":"https://p/0","50":7,"60":""},"source":2,"media_type":2},"count":3}"#
            let list = #"[{"id":1,"urls":{"100":"a"}},"no photo",{"id":2,"urls":{"100":"b"}},{"id":3,"urls":["c"]}]"#
            try await bench.land(
                [answer(.activity, 1, detail(#""photos":\#(one)"#)), answer(.activity, 2, detail(#""photos":\#(list)"#))],
                listed: [listed(1), listed(2)])
            try await bench.transform()
            #expect(
                try await bench.lines(
                    "SELECT activity_id, photo_number, size_px, photo_id, url, origin, media_type, is_primary FROM silver.photo ORDER BY 1, 2, 3"
                ) == [
                    "(1,1,0,u,https://p/0,2,2,t)", "(1,1,100,u,https://p/1,2,2,t)", "(1,1,600,u,https://p/6,2,2,t)", "(2,1,100,1,a,,,t)",
                    "(2,2,100,2,b,,,f)",
                ])
        }
    }

    @Test func `impossible figures of efforts are null and findings, and the rest stays`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let bad =
                #"{"id":1,"distance":1e300,"elapsed_time":-5,"moving_time":2147483648,"average_heartrate":40000,"average_watts":"65535","segment":{"id":7,"average_grade":-400,"elevation_low":1e99,"distance":12}}"#
            let good = #"{"id":2,"distance":400,"elapsed_time":90,"average_heartrate":150}"#
            let body = detail(#""segment_efforts":[\#(bad),\#(good)],"best_efforts":[{"id":3,"elapsed_time":-7,"distance":400}]"#)
            try await bench.land([answer(.activity, 1, body)], listed: [listed(1)])
            try await bench.transform()
            #expect(
                try await bench.lines(
                    """
                    SELECT effort_id, distance_m, elapsed_time_s, moving_time_s, average_heartrate_bpm, average_power_w, segment_distance_m,
                           segment_average_grade_percent, segment_elevation_low_m FROM silver.segment_effort ORDER BY effort_number
                    """) == ["(1,,,,,,12,,)", "(2,400,90,,150,,,,)"])
            #expect(try await bench.lines("SELECT effort_id, elapsed_time_s, distance_m FROM silver.best_effort") == ["(3,,400)"])
            let findings = "SELECT check_name, measured FROM silver.quality_finding ORDER BY 1"
            #expect(
                try await bench.lines(findings) == [
                    "(effort_average_heartrate_bpm,40000)", "(effort_average_power_w,65535)", "(effort_distance_m,1e+100)",
                    "(effort_elapsed_time_s,-7)", "(effort_moving_time_s,2147483648)", "(segment_average_grade_percent,-400)",
                    "(segment_elevation_low_m,1e+99)",
                ])
            try await bench.land([answer(.activity, 1, detail(#""segment_efforts":[\#(good)]"#), at: Bench.noon + 1)])
            try await bench.transform()
            #expect(try await bench.lines(findings) == [])
        }
    }
}
