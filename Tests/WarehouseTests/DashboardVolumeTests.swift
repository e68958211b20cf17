import TestKit
import Testing

/// Questions of how much, how often and when, against values worked out by hand.
@Suite struct DashboardVolumeTests {
    @Test func `the longest ride of each year, and no e-bike or wrong clock`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            try await questions.land(1, "Ride", "2024-05-01", #""distance":80000,"moving_time":9000,"total_elevation_gain":700"#)
            try await questions.land(2, "GravelRide", "2024-06-01", #""distance":120500,"moving_time":18000,"total_elevation_gain":900"#)
            try await questions.land(3, "EBikeRide", "2024-07-01", #""distance":150000"#)
            try await questions.land(4, "Ride", "2025-05-01", #""distance":60000,"moving_time":7200"#)
            try await questions.land(5, "Ride", "2025-06-01", #""distance":60000,"moving_time":7300"#)
            try await questions.land(6, "Ride", "2031-06-01", #""distance":900000"#)
            try await questions.transform()
            #expect(
                try await questions.ask("longest_ride_by_year") == [
                    #"(2024,120.5,5.00,900,N2,2,"2024-06-01 08:00:00")"#, #"(2025,60.0,2.00,,N4,4,"2025-05-01 08:00:00")"#,
                ])
        }
    }

    @Test func `twelve weeks have twelve rows, of which two have a distance`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let (now, then, before) = (try await questions.monday(), try await questions.monday(3), try await questions.monday(12))
            try await questions.land(1, "Run", questions.day(), #""distance":10040"#)
            try await questions.land(2, "Ride", then, #""distance":20000"#)
            try await questions.land(3, "Swim", then, #""distance":1500"#)
            try await questions.land(4, "Hike", then, #""distance":5000"#)
            try await questions.land(5, "Run", before, #""distance":7000"#)
            try await questions.transform()
            let weeks = try await questions.ask("weekly_distance")
            #expect(weeks.count == 12)
            #expect(weeks.last == "(\(now),10.0,10.0,0.0,0.0,1)")
            // 20 + 1.5 + 5, the hike in the sum alone
            #expect(weeks[8] == "(\(then),26.5,0.0,20.0,1.5,3)")
            #expect(weeks.filter { $0.hasSuffix(",0.0,0.0,0.0,0.0,0)") }.count == 10)
        }
    }

    @Test func `months and years add up by sport family`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let today = try await questions.day()
            try await questions.land(1, "Walk", today, #""distance":10000,"moving_time":3000,"total_elevation_gain":50"#)
            try await questions.land(2, "Hike", today, #""distance":5000,"moving_time":2400,"total_elevation_gain":300"#)
            try await questions.landHour(3, "2023-05-01", watts: 200)  // load 64
            try await questions.landHour(4, "2023-06-01", watts: 150)  // load 36
            try await questions.transform()
            // 5,400 s are 1.5 h
            #expect(try await questions.ask("monthly_totals") == ["(\(today.prefix(7))-01,walk,2,15.0,1.50,350,0)"])
            #expect(
                try await questions.ask("yearly_totals") == [
                    "(2023,ride,2,60.0,2.00,0,100,0)", "(\(today.prefix(4)),walk,2,15.0,1.50,350,0,)",
                ])
        }
    }

    @Test func `this year is compared with last year up to the same day`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            func start(_ expression: String) async throws -> String {
                let today = "(now() AT TIME ZONE 'UTC')::date"
                return try await questions.bench.value(
                    "SELECT to_char(\(raw: expression.replacing("today", with: today)), 'YYYY-MM-DD\"T\"HH24:MI:SS')")
            }
            let fields = #""distance":1000,"moving_time":360,"total_elevation_gain":10"#
            try await questions.land(1, "Ride", start("today"), fields)
            try await questions.land(2, "Ride", start("today - interval '1 year' + interval '86399 seconds'"), fields)
            try await questions.land(3, "Ride", start("date_trunc('year', today) - interval '1 year'"), fields)
            try await questions.land(4, "Ride", start("date_trunc('year', today) - interval '1 year 1 second'"), fields)
            try await questions.land(5, "Run", start("date_trunc('year', today) - interval '1 year'"), #""distance":5000"#)
            try await questions.transform()
            #expect(
                try await questions.ask("year_to_date") == ["(ride,1,2,1.0,2.0,0.10,0.20,10,20)", "(run,0,1,0.0,5.0,0.00,0.00,0,0)"])
        }
    }

    @Test func `climb by month, zero where nothing was climbed`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let today = try await questions.day()
            try await questions.land(1, "Run", today, #""distance":10000,"total_elevation_gain":150"#)
            try await questions.land(2, "AlpineSki", today, #""distance":9000,"total_elevation_gain":4000"#)
            try await questions.transform()
            let months = try await questions.ask("elevation_by_month")
            #expect(months.count == 24 && months.last == "(\(today.prefix(7))-01,150,15.0)")
            #expect(months.dropLast().allSatisfy { $0.hasSuffix(",0,)") })
        }
    }

    @Test func `a quarter of the way was commuting`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let today = try await questions.day()
            try await questions.land(1, "Ride", today, #""distance":10000,"moving_time":1800,"commute":true"#)
            try await questions.land(2, "Ride", today, #""distance":30000,"moving_time":3600,"commute":false"#)
            try await questions.transform()
            #expect(try await questions.ask("commutes") == ["(\(today.prefix(7))-01,1,10.0,0.50,25.0)"])
        }
    }

    @Test func `gear by its share of the distance of its kind`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let (today, old) = (try await questions.day(), try await questions.day(366))
            for (id, gear, metres, day) in [
                (Int64(1), "b1", 30_000, today), (2, "b2", 10_000, today), (3, "b2", 90_000, old), (4, "g1", 10_000, today),
            ] {
                try await questions.land(
                    id, "Ride", day, #""distance":\#(metres),"moving_time":3600,"gear_id":"\#(gear)","gear":{"name":"G \#(gear)"}"#)
            }
            try await questions.transform()
            #expect(
                try await questions.ask("most_used_gear") == [
                    #"(bike,"G b1",1,30.0,1.00,75.0,\#(today))"#, #"(bike,"G b2",1,10.0,1.00,25.0,\#(today))"#,
                    #"(shoes,"G g1",1,10.0,1.00,100.0,\#(today))"#,
                ])
        }
    }

    @Test func `the hour of the start, and no hidden one`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let day = try await questions.day(3)
            for (id, time) in [(Int64(1), "07:00:00"), (2, "07:59:59"), (3, "18:30:00"), (4, "00:00:01")] {
                try await questions.land(id, "Run", "\(day)T\(time)", #""moving_time":1800"#)
            }
            try await questions.transform()
            let hours = try await questions.ask("time_of_day")
            #expect(hours.count == 24)
            #expect(hours.filter { !$0.hasSuffix(",0,0.00,0)") } == ["(7,2,1.00,66.7)", "(18,1,0.50,33.3)"])
        }
    }

    @Test func `the days of the week over 52 whole weeks`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let monday = try await questions.monday(1)
            try await questions.landHour(1, monday, watts: 200)  // load 64
            try await questions.landHour(2, "\(monday)T18:00:00", watts: 150)  // load 36
            try await questions.landHour(3, questions.monday(), watts: 250)  // this week does not count
            try await questions.transform()
            let days = try await questions.ask("day_of_week")
            // 1 / 52 is 1.9 %; 2 h / 52 is 0.04 h; 100 / 52 is 1.9
            #expect(days == ["(1,1.9,2,0.04,1.9)"] + (2...7).map { "(\($0),0.0,0,0.00,0.0)" })
        }
    }

    @Test func `the calendar of the year goes to today`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let today = try await questions.day()
            try await questions.landHour(1, today, watts: 200)
            try await questions.transform()
            let days = try await questions.ask("activity_calendar")
            let count: Int = try await questions.bench.value("SELECT extract(doy FROM now() AT TIME ZONE 'UTC')::integer")
            #expect(days.count == count && days.last == "(\(today),1,1.00,30.0,64.0)")
            #expect(days.dropLast().allSatisfy { $0.hasSuffix(",0,0.00,0.0,0.0)") })
        }
    }

    @Test func `the longest and the current streak`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            let (today, monday) = (try await questions.day(), try await questions.monday())
            // Monday to Wednesday, then Tuesday of the week after
            for (id, sport, day) in [
                (Int64(1), "Run", "2025-06-02"), (2, "Run", "2025-06-03"), (3, "Run", "2025-06-04"), (4, "Ride", "2025-06-10"),
                (5, "Swim", today),
            ] {
                try await questions.land(id, sport, day)
            }
            try await questions.transform()
            let days: Int = try await questions.bench.value("SELECT extract(isodow FROM now() AT TIME ZONE 'UTC')::integer")
            let sunday = try await questions.day(days - 7)
            #expect(
                try await questions.ask("streaks") == [
                    "(all,day,3,2025-06-02,2025-06-04,1,\(today))", "(all,week,2,2025-06-02,2025-06-15,1,\(monday))",
                    "(ride,day,1,2025-06-10,2025-06-10,0,)", "(ride,week,1,2025-06-09,2025-06-15,0,)",
                    "(run,day,3,2025-06-02,2025-06-04,0,)", "(run,week,1,2025-06-02,2025-06-08,0,)",
                    "(swim,day,1,\(today),\(today),1,\(today))", "(swim,week,1,\(monday),\(sunday),1,\(monday))",
                ])
        }
    }

    @Test func `what Eddington's next numbers need`() async throws {
        try await withTestDatabase { database in
            let questions = try await DashboardQuestions(database)
            // days of 3.2 (two rides), 3, 5 and 1 km: Eddington's number is 3
            for (id, start, metres) in [
                (Int64(1), "2025-07-01T08:00:00", 1600), (2, "2025-07-01T18:00:00", 1600), (3, "2025-07-02T08:00:00", 3000),
                (4, "2025-07-03T08:00:00", 5000), (5, "2025-07-04T08:00:00", 1000),
            ] {
                try await questions.land(id, "Ride", start, #""distance":\#(metres)"#)
            }
            try await questions.transform()
            let steps = try await questions.ask("eddington_next_steps")
            #expect(steps.count == 10)
            #expect(steps.prefix(3) == ["(ride,3,4,1,3)", "(ride,3,5,1,4)", "(ride,3,6,0,6)"])
        }
    }
}
