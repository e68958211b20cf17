import ControlAPI
import Database
import Foundation
import TestKit
import Testing

@testable import ControlServer

/// `fitnessctl export --format arrow`, from the table to the file.
@Suite struct ArrowExportTests {
    private func addLaps(_ daemon: ControlHarness, count: Int) async throws {
        for id in Int64(1)...2 { try await daemon.addAthlete(id) }
        try await execute(
            daemon,
            """
            INSERT INTO silver.athlete (athlete_id) VALUES (1), (2);
            INSERT INTO silver.activity (athlete_id, activity_id, name, has_detail, transform_version)
            VALUES (1, 10, 'a "long", wet ride 🚴', false, 1), (2, 20, 'of another', false, 1);
            INSERT INTO silver.lap (athlete_id, activity_id, lap_number, distance_m)
            SELECT 1, 10, n, nullif(n % 5, 0) * 1.25 FROM generate_series(1, \(count)) AS n;
            INSERT INTO silver.activity_stream (athlete_id, activity_id, point_count, time_s, power_w, moving, transform_version, src_sha256)
            VALUES (1, 10, 3, '{0,1,2}', '{200,null,210}', '{f,t,t}', 1, '\\x00ff')
            """)
    }

    private func execute(_ daemon: ControlHarness, _ script: String) async throws {
        try await daemon.database.withConnection { try await $0.execute(script) }
    }

    /// Runs the tool; returns its ending and the content of its file.
    private func export(_ daemon: ControlHarness, _ table: String) async throws -> (ending: Tool.Ending, bytes: [UInt8]?) {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "out.arrows")
            let arguments = ["export", "--athlete", "1", "--format", "arrow", "--table", table, "--output", file.path]
            let ending = try await Tool.run(arguments, socket: daemon.socketPath)
            return (ending, FileManager.default.contents(atPath: file.path).map { [UInt8]($0) })
        }
    }

    private func table(_ daemon: ControlHarness, _ name: String) async throws -> ArrowTable {
        let (ending, bytes) = try await export(daemon, name)
        #expect(ending.code == 0 && ending.out.isEmpty && ending.err.isEmpty, "\(name): \(ending.err)")
        return try ArrowTable(try #require(bytes))
    }

    @Test func `an Arrow export has the athlete's rows and each column's comment`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 70_000)
            let laps = try await table(daemon, "lap")
            #expect(laps.batches.count > 1 && laps.rowCount == 70_000)
            let rows = try await daemon.database.query("SELECT lap_number, distance_m FROM silver.lap WHERE athlete_id = 1")
            let expected = try rows.map { try $0.decode(Int64.self, Double?.self) }
            let number = try #require(laps.column("lap_number"))
            let distance = try #require(laps.column("distance_m"))
            let found = Set(zip(number, distance).map { [$0, $1] })
            #expect(found == Set(expected.map { [.int($0.0), $0.1.map { .double($0) } ?? .null] }))
            let comments = try await daemon.database.query(
                "SELECT obj_description('silver.lap'::regclass), col_description('silver.lap'::regclass, 1)")
            let (ofTable, ofFirst) = try #require(try comments.first?.decode(String.self, String.self))
            #expect(laps.comment == ofTable && laps.fields.first == .init("athlete_id", "int64", ofFirst))
        }
    }

    @Test func `texts, lists and bytes match the tables`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 1)
            #expect(try await table(daemon, "activity").column("name") == [.text("a \"long\", wet ride 🚴")])
            let stream = try await table(daemon, "activity_stream")
            #expect(stream.column("power_w") == [.list([.int(200), .null, .int(210)])])
            #expect(stream.column("moving") == [.list([.bool(false), .bool(true), .bool(true)])])
            #expect(stream.column("distance_m") == [.null] && stream.column("src_sha256") == [.bytes([0, 255])])
            #expect(try await table(daemon, "aggregate_stream").column("watts") == [.double(200), .null, .double(210)])
        }
    }

    @Test func `every table and view of silver can be exported`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 1)
            let names = try await ExportQueries(database: daemon.database).tables()
            #expect(names.count > 25)
            for name in names {
                let exported = try await table(daemon, name)
                let rows = try await daemon.database.query("SELECT count(*) FROM silver.\(raw: name) WHERE athlete_id = 1")
                #expect(try exported.rowCount == rows[0].decode(Int.self), "\(name)")
            }
        }
    }

    @Test func `names are quoted, and types without an Arrow equivalent become text`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 1)
            try await execute(
                daemon,
                """
                CREATE VIEW silver."odd ""one""; --" AS SELECT athlete_id, 1.50::numeric(5, 2) AS "a ""b"", c", '{"k": 1}'::jsonb AS "SELECT",
                    '1 day'::interval AS i, ARRAY[0.10, null]::numeric[] AS n, 'v'::varchar(3) AS v, 'x'::name AS "ä"
                FROM silver.athlete
                """)
            let odd = try await table(daemon, "odd \"one\"; --")
            #expect(odd.fields.map(\.name) == ["athlete_id", "a \"b\", c", "SELECT", "i", "n", "v", "ä"])
            #expect(odd.fields.map(\.type) == ["int64", "utf8", "utf8", "utf8", "list<utf8>", "utf8", "utf8"])
            let row: [ArrowTable.Value] = [
                .int(1), .text("1.50"), .text("{\"k\": 1}"), .text("1 day"), .list([.text("0.10"), .null]), .text("v"), .text("x"),
            ]
            #expect(odd.columns == row.map { [$0] })
        }
    }

    @Test(arguments: ["1 / (lap_number - 3)", "CASE WHEN lap_number > 2 THEN '{{1,2}}'::int[] ELSE '{1}' END"])
    func `an export that fails leaves no file`(column: String) async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 4)
            try await execute(daemon, "CREATE VIEW silver.broken AS SELECT athlete_id, \(column) AS n FROM silver.lap")
            let (ending, bytes) = try await export(daemon, "broken")
            #expect(ending.code == 1 && bytes == nil && ending.err.contains("the export is incomplete"))
        }
    }

    @Test func `an unknown table is refused as for other formats`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let (ending, bytes) = try await export(daemon, "activity; DROP TABLE silver.lap")
            #expect(ending.code == 1 && bytes == nil && ending.err.contains("there is no such table"))
        }
    }
}
