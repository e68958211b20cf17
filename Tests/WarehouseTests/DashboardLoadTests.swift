import TestKit
import Testing

/// Questions of load, form and intensity, against values worked out by hand. Rides of an hour: 64 at 200 W, 36 at 150 W, 100 at 250 W.
@Suite struct DashboardLoadTests {
    @Test func `the hardest weeks come first, those without load not at all`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.landHour(1, "2025-06-02", watts: 200)
            try await questions.landHour(2, "2025-06-08", watts: 150)
            try await questions.landHour(3, "2025-06-09", watts: 200)
            try await questions.land(4, "Run", "2025-06-16", #""moving_time":3600"#)
            try await questions.transform()
            #expect(
                try await questions.ask("hardest_weeks") == ["(2025-06-02,100,2.00,60.0,2,0)", "(2025-06-09,64,1.00,30.0,1,0)"])
        }
    }

    @Test func `form is what the days before left`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let (today, yesterday) = (try await questions.day(), try await questions.day(1))
            try await questions.landHour(1, yesterday, watts: 200)
            try await questions.transform()
            // fitness 64 · 0.0235283 = 1.5058, a day later · e^(−1/42) = 1.4704; fatigue 64 · 0.1331221 = 8.5198, · e^(−1/7) = 7.3856;
            // form 1.5058 − 8.5198 = −7.0140; a week ago there was no fitness; all from averages
            #expect(try await questions.ask("form_today") == ["(\(today),1.5,7.4,-7.0,64.0,64.0,1.5,0)"])
        }
    }

    @Test func `fitness of a week ago is subtracted, and load older than the span is left out`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.landHour(1, questions.day(28), watts: 250)
            try await questions.landHour(2, questions.day(7), watts: 250)
            try await questions.transform()
            // 2.3528 · e^(−28/42) + 2.3528 · e^(−7/42) = 1.2080 + 1.9916 = 3.1996; 7 days ago 2.3528 · e^(−21/42) + 2.3528 = 3.7799;
            // fatigue 13.3122 · (e^(−4) + e^(−1)) = 5.1411; form a day earlier 3.1996 · e^(1/42) − 5.1411 · e^(1/7) = −2.6539
            #expect(try await questions.ask("form_today") == ["(\(try await questions.day()),3.2,5.1,-2.7,0.0,100.0,-0.6,0)"])
        }
    }

    @Test func `this week against the last, up to the same weekday`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let monday = try await questions.monday()
            let days: Int = try await questions.bench.value("SELECT extract(isodow FROM now() AT TIME ZONE 'UTC')::integer")
            try await questions.landHour(1, questions.day(), watts: 200)
            try await questions.landHour(2, questions.day(7), watts: 150)
            try await questions.landHour(3, questions.day(days), watts: 250)  // last Sunday
            try await questions.transform()
            // 64 / 36 − 1 = 78 %; on a Sunday last week's 100 have to be beaten, too: 64 / 136 − 1 = −53 %
            let expected = days == 7 ? "(\(monday),7,64.0,136.0,136.0,1.00,2.00,-53)" : "(\(monday),\(days),64.0,36.0,136.0,1.00,1.00,78)"
            #expect(try await questions.ask("load_this_week") == [expected])
        }
    }

    @Test func `fitness rises by a week's load and falls without it`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let (first, second) = (try await questions.monday(2), try await questions.monday(1))
            try await questions.landHour(1, first, watts: 250)
            try await questions.transform()
            let weeks = try await questions.ask("ramp_rate")
            // on Sunday 2.3528 · e^(−6/42) = 2.0396; a week later · e^(−7/42) = 1.7265
            #expect(weeks.count == 3)
            #expect(weeks.prefix(2) == ["(\(first),100.0,2.0,2.0)", "(\(second),0.0,1.7,-0.3)"])
        }
    }

    @Test func `easy, moderate and hard by week`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let monday = try await questions.monday(1)
            try await questions.land(1, "Run", monday)
            try await questions.land(2, "Run", questions.monday(12))
            try await questions.transform()
            for id in [Int64(1), 2] {
                try await questions.put(
                    "activity_zone", id, "metric, lower_bounds, seconds, is_default",
                    "'heartrate', '{0,114,133,152,171}', '{600,1200,900,600,300}', true")
            }
            // 1,800, 900 and 900 of 3,600 s; the week of twelve weeks ago is too old
            #expect(try await questions.ask("intensity_by_week") == ["(\(monday),1.00,50.0,25.0,25.0,t)"])
        }
    }

    @Test func `pace zones by sport, with their paces`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.land(1, "Run", questions.day(1))
            try await questions.land(2, "Swim", questions.day(1))
            try await questions.transform()
            // 100,000 / 250 = 400 s per kilometre, 100,000 / 300 = 333
            try await questions.put(
                "activity_zone", 1, "metric, lower_bounds, seconds, is_default", "'pace', '{0,250,300}', '{900,1800,900}', false")
            try await questions.put("activity_zone", 2, "metric, lower_bounds, seconds, is_default", "'pace', '{0,125}', '{0,1800}', true")
            #expect(
                try await questions.ask("time_in_pace_zones") == [
                    "(run,1,,00:06:40,0.25,25.0,f)", "(run,2,00:06:40,00:05:33,0.50,50.0,f)", "(run,3,00:05:33,,0.25,25.0,f)",
                    "(swim,1,,00:13:20,0.00,0.0,t)", "(swim,2,00:13:20,,0.50,100.0,t)",
                ])
            #expect(
                try await questions.bench.lines(
                    """
                    SELECT zone, from_mps, to_mps, from_s_per_km, round(to_s_per_km::numeric, 2), from_bpm, to_w, seconds
                    FROM silver.activity_zone_time WHERE metric = 'pace' AND sport_family = 'run' ORDER BY zone
                    """) == ["(1,0,2.5,,400.00,,,900)", "(2,2.5,3,400,333.33,,,1800)", "(3,3,,333.3333333333333,,,,900)"])
        }
    }

    @Test func `activities without a heart rate, and figures that did not pass a check`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let day = try await questions.day(2)
            try await questions.land(1, "Run", day, #""moving_time":1800,"manual":true"#)
            try await questions.land(2, "Run", day, #""moving_time":1800,"average_heartrate":150"#)
            try await questions.landHour(3, day, watts: 200)
            try await questions.land(4, "Run", questions.day(400), #""average_heartrate":999"#)
            try await questions.land(5, "Run", day, #""moving_time":1800,"average_heartrate":999"#)
            try await questions.transform()
            let start = #""\#(day) 08:00:00""#
            #expect(
                try await questions.ask("activities_without_heartrate") == [
                    "(\(start),N1,Run,0.50,t,,none,1)", "(\(start),N3,Ride,1.00,,,power_average,3)", "(\(start),N5,Run,0.50,,,none,5)",
                ])
            #expect(
                try await questions.ask("findings") == [
                    #"(\#(start),N5,average_heartrate_bpm,"average heart rate, beats per minute; of the activity",999,0,300,5)"#
                ])
        }
    }
}
