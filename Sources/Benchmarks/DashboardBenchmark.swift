import Core
import Database
import EmbeddedPostgres
import Foundation
import Simulator
import Warehouse

/// The queries of `sql/dashboards`, as the owner and as a reader of one athlete, against the same questions on the predecessor's layout.
///
/// One athlete is loaded through writer and runner; the others are copies of its silver rows, made in SQL. The predecessor's tables hold that
/// one athlete only, which is to their advantage.
struct DashboardBenchmark {
    /// Two years at the simulator's rate of one activity in 1.4 days.
    private static let activities = 521
    /// About 700,000 points an athlete, over all kinds that have streams.
    private static let points = 600...2430
    private static let runs = 21
    private static let reader = "bench_reader"

    let server: BenchServer
    let athletes: Int
    let rounds: Int

    private struct Question {
        let file: String
        let what: String
        let target: String
    }

    private static let questions = [
        Question(file: "one_activity", what: "one activity in at most 500 points", target: "< 5 ms"),
        Question(file: "weekly_totals", what: "weekly totals of two years", target: "< 5 ms"),
        Question(file: "time_in_zones", what: "time in zones of 90 days", target: "< 10 ms"),
        Question(file: "power_curve", what: "power curve of a year", target: "< 5 ms"),
        Question(file: "heat_map", what: "heat map of an athlete", target: "< 50 ms"),
        Question(file: "fitness_and_fatigue", what: "load of two years", target: "< 5 ms"),
    ]

    func run() async throws -> Report {
        server.note("dashboards: \(athletes) athletes …")
        let (athlete, activity) = try await fill()
        let values = ["athlete_id": "\(athlete)", "activity_id": "\(activity)"].merging(Self.ladder) { first, _ in first }
        let reader = Database(url: try await makeReader(athlete), connectionsMax: 1, logger: server.logger)
        var report = Report()
        for question in Self.questions {
            let ours = try server.text(of: "sql/dashboards/\(question.file).sql", values)
            let theirs = try server.text(of: "Sources/Benchmarks/predecessor/dashboards/\(question.file).sql", values)
            let times = (
                try await time(ours, in: server.database, runs: Self.runs), try await time(ours, in: reader, runs: Self.runs),
                try await time(theirs, in: server.database, runs: rounds)
            )
            report.cost(question.what, "ms", times.0, bound: times.1, against: "predecessor", times.2, target: question.target)
            server.note(String(format: "  %@: %.2f ms, as a reader %.2f ms, predecessor %.1f ms", question.what, times.0, times.1, times.2))
        }
        await reader.close()
        return report
    }

    /// Milliseconds from text to the last row, planning and sending included.
    private func time(_ script: String, in database: Database, runs: Int) async throws -> Double {
        try await database.withConnection { connection in
            try await Stopwatch.median(of: runs, warmUps: 2) { try await connection.execute(script) } * 1000
        }
    }

    /// Returns the athlete and one of its activities near the median length.
    private func fill() async throws -> (AthleteID, Int64) {
        let world = SimulatorWorld(seed: 9, epoch: Date(), athleteCount: 1, activitiesEach: Self.activities, points: Self.points)
        let material = Material(world.athleteIDs[0], in: world)
        try await server.removeAthletes()
        let seconds = try await Lander(server).land([material])
        server.note(String(format: "  one athlete loaded: %d points in %.1f s", material.points, seconds))
        try await copyAthlete(material.athlete)
        let rivals = Rivals(server: server)
        try await rivals.makePredecessor()
        try await server.run("INSERT INTO predecessor.activity SELECT * FROM bronze_strava.activity WHERE athlete_id = \(material.athlete)")
        try await server.run(
            """
            INSERT INTO predecessor.aggregate_stream
            SELECT index, time, altitude, cadence, distance, grade_smooth, heartrate, latitude, longitude, power, moving, temperature,
                   velocity_smooth, watts, name, sport_type, athlete_id, activity_id, metadata_insert_timestamp
            FROM silver.aggregate_stream WHERE athlete_id = \(material.athlete)
            """)
        try await server.run("VACUUM ANALYZE")
        let total = try await server.number("SELECT sum(point_count) FROM silver.activity_stream")
        server.note(String(format: "  %d athletes with %.0f points in silver, all but one of them copies", athletes, total))
        let typical = try await server.number(
            """
            SELECT activity_id FROM silver.activity_stream WHERE athlete_id = \(material.athlete) AND power_w IS NOT NULL
            ORDER BY abs(point_count - 1515), activity_id LIMIT 1
            """)
        return (material.athlete, Int64(typical))
    }

    /// Copies an athlete's silver rows under other numbers, table by table in the order of their foreign keys.
    private func copyAthlete(_ athlete: AthleteID) async throws {
        let tables = [
            "sync.athlete", "silver.athlete", "silver.activity", "silver.activity_stream", "silver.activity_rollup",
            "silver.activity_metric", "silver.activity_zone", "silver.athlete_history", "silver.athlete_reference",
            "silver.athlete_zone_set", "silver.training_day", "silver.lap", "silver.split", "silver.split_mile",
        ]
        for table in tables {
            let columns = try await server.database.query(
                """
                SELECT string_agg(quote_ident(attname::text), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = \(table)::text::regclass AND attnum > 1 AND NOT attisdropped AND attgenerated = ''
                """)[0].decode(String.self)
            try await server.run(
                """
                INSERT INTO \(table) (athlete_id, \(columns))
                SELECT n, \(columns) FROM \(table) CROSS JOIN generate_series(\(athlete) + 1, \(athlete) + \(athletes - 1)) AS n
                WHERE athlete_id = \(athlete) ORDER BY n
                """)
        }
    }

    /// Makes a login that row-level security restricts to one athlete; returns its URL.
    private func makeReader(_ athlete: AthleteID) async throws -> String {
        try await server.run(file: "db/roles.sql")
        try await server.run("CREATE ROLE \(Self.reader) LOGIN")
        try await server.run("SELECT silver.grant_athlete('\(Self.reader)', \(athlete))")
        return server.url.replacingOccurrences(of: EmbeddedPostgres.ownerName + "@", with: Self.reader + "@")
    }

    /// The durations of our power curve as columns of the predecessor's.
    private static let ladder: [String: String] = {
        let durations = EffortLadder.durations_s
        return [
            "durations": durations.map { "max(w\($0)) AS w\($0)" }.joined(separator: ", "),
            "leads": durations.map { "(lead(total, \($0 - 1)) OVER w - total + watts) / \($0)::float8 AS w\($0)" }.joined(separator: ", "),
        ]
    }()
}
