import Core
import Database
import Foundation
import TestKit

@testable import Warehouse

/// The questions of `sql/dashboards`, asked with values in place of their psql variables, and activities to ask them about.
struct DashboardQuestions {
    static let folder = checkout.appending(path: "sql/dashboards")

    let bench: Bench

    /// An athlete of 80 kg with an FTP of 250 W.
    init(_ database: Database) async throws {
        bench = try await Bench(database)
        try await bench.land([answer(.athlete, Bench.athlete.rawValue, #"{"ftp":250,"weight":80}"#)])
    }

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.map { String($0.dropLast(4)) }
            .sorted()
    }

    /// The text of a file with psql's `:name` and `:'name'` replaced, without the semicolon at its end.
    static func statement(_ name: String, athlete: Int64 = Bench.athlete.rawValue, _ variables: [String: String] = [:]) throws -> String {
        let text = try String(contentsOf: folder.appending(path: "\(name).sql"), encoding: .utf8)
        let values = ["athlete_id": "\(athlete)", "activity_id": "1"].merging(variables) { _, given in given }
        return values.reduce(text) { $0.replacing(":'\($1.key)'", with: "'\($1.value)'").replacing(":\($1.key)", with: $1.value) }
            .replacing(#/;\s*$/#, with: "")
    }

    /// The rows of an answer.
    func ask(_ name: String, _ variables: [String: String] = [:]) async throws -> [String] {
        try await bench.lines(Self.statement(name, variables))
    }

    /// The day that lies this many days before today by UTC, `YYYY-MM-DD`.
    func day(_ ago: Int = 0) async throws -> String {
        try await bench.value("SELECT ((now() AT TIME ZONE 'UTC')::date - \(ago)::integer)::text")
    }

    /// The Monday of the week that lies this many weeks before the current one by UTC.
    func monday(_ weeksAgo: Int = 0) async throws -> String {
        try await bench.value("SELECT (date_trunc('week', now() AT TIME ZONE 'UTC')::date - 7 * \(weeksAgo)::integer)::text")
    }

    /// Lands the detail of an activity that begins at `start`, local time and UTC alike; of a day alone at eight o'clock. `transform` makes
    /// silver from it.
    func land(_ id: Int64, _ sport: String, _ start: String, _ fields: String = #""moving_time":3600"#) async throws {
        let time = start.count == 10 ? start + "T08:00:00" : start
        let detail = #"{"name":"N\#(id)","sport_type":"\#(sport)","start_date":"\#(time)Z","start_date_local":"\#(time)Z",\#(fields)}"#
        try await bench.land([answer(.activity, id, detail)], listed: [listed(id)])
    }

    /// Lands a ride of an hour without streams at this weighted power: its load is (watts / 250)² · 100.
    func landHour(_ id: Int64, _ start: String, watts: Int, metres: Int = 30_000) async throws {
        try await land(
            id, "Ride", start, #""moving_time":3600,"distance":\#(metres),"device_watts":true,"weighted_average_watts":\#(watts)"#)
    }

    func transform() async throws { try await bench.transform() }

    /// Puts figures into a table of silver, as if streams had them: `columns` and `values` without the key.
    func put(_ table: String, _ activity: Int64, _ columns: String, _ values: String) async throws {
        try await bench.database.query(
            """
            INSERT INTO silver.\(raw: table) (athlete_id, source_id, activity_id, \(raw: columns))
            VALUES (\(Bench.athlete), 1, \(activity), \(raw: values))
            """)
    }
}
