import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct ExportTests {
    /// Two athletes with laps, so that more than one piece goes over the socket.
    private func addLaps(_ daemon: ControlHarness, count: Int) async throws {
        for id in Int64(1)...2 { try await daemon.addAthlete(id) }
        try await daemon.database.withConnection { connection in
            try await connection.execute(
                """
                INSERT INTO silver.athlete (athlete_id) VALUES (1), (2);
                INSERT INTO silver.activity (athlete_id, activity_id, name, has_detail, transform_version)
                VALUES (1, 10, 'a "long", wet ride', false, 1), (2, 20, 'of another', false, 1);
                INSERT INTO silver.lap (athlete_id, activity_id, lap_number) SELECT 1, 10, n FROM generate_series(1, \(count)) AS n
                """)
        }
    }

    @Test func `an export is the athlete's rows and nobody else's`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 5_000)
            let laps = try await Tool.run(["export", "--athlete", "1", "--table", "lap"], socket: daemon.socketPath)
            let lines = laps.out.split(separator: "\n")
            #expect(laps.code == 0 && lines.count == 5_001)
            #expect(lines.first?.hasPrefix("athlete_id,source_id,activity_id,lap_number,") == true)
            #expect(Set(lines.dropFirst().map { $0.split(separator: ",")[3] }).count == 5_000)
            let activities = try await Tool.run(["export", "--athlete", "1"], socket: daemon.socketPath)
            #expect(activities.out.split(separator: "\n").count == 2 && activities.out.contains("1,1,10,\"a \"\"long\"\", wet ride\","))
        }
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\t=1", "'\t=1"), ("\ra", "\"'\ra\""), ("  =1", "'  =1"),
        ("\u{FF1D}1", "'\u{FF1D}1"), ("\u{200B}=1", "'\u{200B}=1"), ("a=1", "a=1"), ("", "\"\""), ("'quoted", "'quoted"),
        ("=\"a\"", "\"'=\"\"a\"\"\""),
    ])
    func `for a spreadsheet text that is a formula is guarded, and numbers stay numbers`(name: String, field: String) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            try await daemon.database.query("INSERT INTO silver.athlete (athlete_id) VALUES (1)")
            try await daemon.database.withConnection { connection in
                try await connection.execute("CREATE VIEW silver.told AS SELECT athlete_id, name, -1.5::real AS n FROM silver.activity")
            }
            try await daemon.database.query(
                """
                INSERT INTO silver.activity (athlete_id, activity_id, name, has_detail, transform_version)
                VALUES (1, 10, \(name), false, 1)
                """)
            let arguments = ["export", "--athlete", "1", "--table", "told"]
            let guarded = try await Tool.run(arguments + ["--spreadsheet"], socket: daemon.socketPath)
            #expect(guarded.code == 0 && guarded.out == "athlete_id,name,n\n1,\(field),-1.5\n", "\(guarded.out)")
            let plain = try await Tool.run(arguments, socket: daemon.socketPath)
            #expect(name.isEmpty || plain.out.contains(name.replacing("\"", with: "\"\"")), "as it is, unless asked")
        }
    }

    @Test func `a spreadsheet is for CSV only`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let answer = try await RawRequest.get("/v1/athletes/1/export?format=arrow&spreadsheet=true", to: daemon.socketPath)
            #expect(answer.status == 400)
            let usage = try await Tool.run(["export", "--athlete", "1", "--format", "binary", "--spreadsheet"], socket: daemon.socketPath)
            #expect(usage.code == 2)
        }
    }

    @Test func `a file appears when it is whole`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 3)
            try await withTemporaryFolder { folder in
                let file = folder.appending(path: "laps.csv")
                let arguments = ["export", "--athlete", "1", "--table", "lap", "--output", file.path]
                let ending = try await Tool.run(arguments, socket: daemon.socketPath)
                #expect(ending.code == 0 && ending.out.isEmpty)
                #expect(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").count == 4)
                // A view whose third row fails: the answer is cut, and the file stays as it was.
                try await daemon.database.withConnection { connection in
                    try await connection.execute(
                        "CREATE VIEW silver.broken AS SELECT athlete_id, 1 / (lap_number - 3) AS n FROM silver.lap")
                }
                let broken = ["export", "--athlete", "1", "--table", "broken", "--output", file.path]
                #expect(try await Tool.run(broken, socket: daemon.socketPath).code == 1)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["laps.csv"])
                #expect(try String(contentsOf: file, encoding: .utf8).contains("lap_number"))
            }
        }
    }

    @Test(arguments: ["nothing", "activity; DROP TABLE silver.lap", "sync.athlete", "reader_grant", "my_athletes", ""])
    func `what is no table of silver is refused, and the answer says what there is`(table: String) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let ending = try await Tool.run(["export", "--athlete", "1", "--table", table], socket: daemon.socketPath)
            #expect(ending.code == 1 && ending.out.isEmpty)
            #expect(ending.err.contains("there is no such table") && ending.err.contains(" activity, "))
            let unknown = try await Tool.run(["export", "--athlete", "9"], socket: daemon.socketPath)
            #expect(unknown.code == 1 && unknown.err.contains("there is no athlete 9"))
        }
    }

    @Test func `a binary export is what COPY reads`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: 3)
            try await withTemporaryFolder { folder in
                let file = folder.appending(path: "laps.copy")
                let ending = try await Tool.run(
                    ["export", "--athlete", "1", "--table", "lap", "--format", "binary", "--output", file.path], socket: daemon.socketPath)
                #expect(ending.code == 0)
                // The server reads the file itself, under an account of its own.
                chmod(file.path, 0o644)
                try await daemon.database.query("CREATE TABLE public.copied (LIKE silver.lap)")
                try await daemon.database.query("COPY public.copied FROM '\(raw: file.path)' (FORMAT binary)")
                #expect(try await daemon.database.query("SELECT 1 FROM public.copied").count == 3)
            }
        }
    }

    @Test func `a format that is not offered is refused`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let answer = try await RawRequest.get("/v1/athletes/1/export?format=parquet", to: daemon.socketPath)
            #expect(answer.status == 400 && answer.body.contains("csv, binary or arrow"))
        }
    }

    /// More than a socket's buffers hold.
    private static let lapsOfMegabytes = 100_000

    @Test func `one export too many is refused until another has ended`() async throws {
        try await ControlHarness.serve { daemon in
            try await addLaps(daemon, count: Self.lapsOfMegabytes)
            let request = "GET /v1/athletes/1/export?table=lap HTTP/1.1\r\nhost: x\r\n\r\n"
            let readers = try (0..<Exports.countMax).map { _ in try IdleReader(request, at: daemon.socketPath) }
            for reader in readers { try await eventually("an export begins") { reader.hasAnswer } }
            let refused = try await Tool.run(["export", "--athlete", "1"], socket: daemon.socketPath)
            #expect(refused.code == 1 && refused.err.contains("exports already"))
            readers[0].close()
            try await eventually("a place is free") {
                try await Tool.run(["export", "--athlete", "1"], socket: daemon.socketPath).code == 0
            }
            readers[1].close()
        }
    }

    @Test func `a reader who takes nothing is hung up on and gives place and connection back`() async throws {
        try await ControlHarness.serve(exportStall: .milliseconds(100)) { daemon in
            try await addLaps(daemon, count: Self.lapsOfMegabytes)
            let request = "GET /v1/athletes/1/export?table=lap HTTP/1.1\r\nhost: x\r\n\r\n"
            let readers = try (0..<Exports.countMax).map { _ in try IdleReader(request, at: daemon.socketPath) }
            defer { for reader in readers { reader.close() } }
            for reader in readers { try await eventually("the daemon hangs up") { reader.isHungUpOn } }
            try await eventually("no COPY goes on") {
                let rows = try await daemon.database.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY (%'"
                )
                return try rows[0].decode(Int.self) == 0
            }
            try await eventually("a place is free") {
                try await Tool.run(["export", "--athlete", "1"], socket: daemon.socketPath).code == 0
            }
        }
    }
}
