import Core
import Database
import Foundation
import TestKit
import Testing

/// The SQL of Grafana's panels, with its macros filled in, against the demo's data, over TCP as the role that Grafana has.
@Suite struct GrafanaPanelTests {
    /// What may have no row where all is well, or where an activity has no such data.
    private static let mayBeEmpty: Set<String> = [
        "Quality", "Gaps", "Findings", "Findings of athletes", "Who needs a look", "Power", "Kilometres", "Time in power zones",
    ]
    /// More rows would make a browser slow.
    private static let rowsMax = 10_000

    private struct Answer {
        let count: Int
        let columns: [String: Any]
        let took: Duration
    }

    private func ask(_ sql: String, _ database: Database) async throws -> Answer {
        var took = Duration.seconds(600)
        var answer: (Int, String?) = (0, nil)
        // The best of three: other tests run at the same time.
        for _ in 0..<3 {
            let start = ContinuousClock.now
            answer = try await database.query("SELECT count(*)::bigint, max(to_json(q)::text) FROM (\(raw: sql)\n) AS q")[0].decode(
                Int.self, String?.self)
            took = min(took, ContinuousClock.now - start)
        }
        let row = try answer.1.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        return Answer(count: answer.0, columns: (row ?? [:]) ?? [:], took: took)
    }

    /// The athlete with the most activities, the run of theirs with the most points, and all sports.
    private func choices(_ database: Database) async throws -> [String: [String]] {
        let athlete = try await database.query(
            "SELECT athlete_id::text FROM silver.activity_stream GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")[0].decode(String.self)
        let activity = try await database.query(
            """
            SELECT activity_id::text FROM silver.activity_stream JOIN silver.activity USING (athlete_id, source_id, activity_id)
            WHERE athlete_id = \(athlete)::bigint AND heartrate_bpm IS NOT NULL
            ORDER BY sport_family = 'run' DESC, point_count DESC, activity_id LIMIT 1
            """)[0].decode(String.self)
        let sports = try await database.query("SELECT DISTINCT sport_family FROM silver.activity").map { try $0.decode(String.self) }
        return [
            "athlete_id": [athlete], "activity_id": [activity], "sport": sports + ["o'clock"],
            "athletes": ["SELECT athlete_id FROM silver.athlete"],
        ]
    }

    @Test func `each panel and each variable has an answer, sooner than each point is read once`() async throws {
        try await DashboardDemo.with { demo in
            let daemon = try await demo.start()
            let database = Database(url: try await demo.url(), connectionsMax: 1, logger: quietLogger)
            let result: Result<Int, any Error>
            do { result = .success(try await askAll(database)) } catch { result = .failure(error) }
            await database.close()
            try await demo.stop(daemon)
            let asked = try result.get()
            #expect(asked > 35)
        }
    }

    /// - Returns: how many panels were asked.
    private func askAll(_ database: Database) async throws -> Int {
        let period = (from: ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: -366 * 86_400)), to: "2100-01-01T00:00:00Z")
        let values = try await choices(database)
        // The measure: what one look at every point of the demo takes.
        let whole = try await ask("SELECT sum(heartrate) AS n FROM silver.aggregate_stream", database).took
        var asked = 0
        for (name, _, dashboard) in try GrafanaDashboard.all() {
            for variable in dashboard.templating.list ?? [] {
                let answer = try await ask(GrafanaDashboard.filled(variable.query, period: period, values: values), database)
                #expect(answer.count > 0 && answer.took < whole, "\(name) \(variable.name): \(answer)")
                #expect(Set(answer.columns.keys) == ["__value", "__text"] || answer.columns.count == 1, "\(name) \(variable.name)")
            }
            for panel in dashboard.panels {
                for target in panel.targets {
                    guard let sql = target.rawSql else { continue }
                    let text = GrafanaDashboard.filled(sql, period: period, values: values)
                    #expect(!text.contains("$"), "\(name) \(panel.title): \(text)")
                    try await check(panel, target, text, database, within: whole, in: name)
                    asked += 1
                }
            }
        }
        return asked
    }

    private func check(
        _ panel: GrafanaDashboard.Panel, _ target: GrafanaDashboard.Target, _ sql: String, _ database: Database, within whole: Duration,
        in name: String
    ) async throws {
        let place = "\(name) \(panel.title)"
        let answer: Answer
        do { answer = try await ask(sql, database) } catch {
            Issue.record("\(place): \(error)\n\(sql)")
            return
        }
        #expect(answer.took < whole, "\(place): \(answer.took), all points \(whole)")
        #expect(
            answer.count <= Self.rowsMax && (answer.count > 0 || Self.mayBeEmpty.contains(panel.title)), "\(place): \(answer.count) rows")
        if answer.count == 0 { return }
        let columns = answer.columns
        if panel.type == "timeseries" {
            #expect((columns["time"] as? String)?.contains(#/^\d{4}-\d\d-\d\dT/#) == true, "\(place): \(columns)")
        }
        if target.format == "time_series" { #expect(columns["metric"] is String, "\(place): \(columns)") }
        if ["trend", "barchart"].contains(panel.type) {
            #expect(panel.options?.xField.map { columns[$0] != nil } == true, "\(place): \(columns)")
            #expect(panel.type != "barchart" || columns[panel.options?.xField ?? ""] is String, "\(place): \(columns)")
        }
        let figures = columns.filter { !["time", "metric", panel.options?.xField].contains($0.key) }
        #expect(panel.type == "table" || panel.type == "stat" || figures.values.contains { $0 is NSNumber }, "\(place): \(columns)")
    }
}
