import ControlAPI
import Core
import Database
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct RebuildTests {
    private func end(_ daemon: ControlHarness, _ athlete: Int64, error: String? = nil) async throws {
        let report =
            error == nil
            ? """
            {"tables":[{"table":"activity","before":10,"after":11,"added":2,"changed":3,"removed":1}],
             "figures":[{"figure":"distance_m","before":1000.5,"after":1200}]}
            """ : nil
        _ = try await daemon.database.query(
            """
            UPDATE sync.silver_rebuild SET finished_at = now(), activities = 11, error = \(error), report = \(report)::text::jsonb
            WHERE athlete_id = \(athlete)
            """)
    }

    @Test func `a rebuild is in PostgreSQL before the response, for one athlete or all`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...9 { try await daemon.addAthlete(id) }
            let one = try await Tool.run(["rebuild", "--athlete", "7"], socket: daemon.socketPath)
            #expect(one.code == 0 && one.out == "Requested a rebuild of 1 athlete\n")
            let all = try await Tool.run(["rebuild", "--json"], socket: daemon.socketPath)
            #expect(try ControlJSON.decode(AcceptedMessage.self, from: Array(all.out.utf8)).athletes == 3)
            let rows = try await daemon.database.query("SELECT athlete_id FROM sync.silver_rebuild WHERE NOT is_dry_run ORDER BY 1")
            #expect(try rows.map { try $0.decode(Int64.self) } == [7, 8, 9])
            #expect(try await Tool.run(["rebuild", "--athlete", "5"], socket: daemon.socketPath).err.contains("no athlete 5"))
            #expect(try await RawRequest.get("/v1/rebuild?since=2026-01-01T00:00:00Z&dry_run=perhaps", to: daemon.socketPath).status == 400)
        }
    }

    @Test func `a dry run waits for its end and sums the differences over the athletes`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 { try await daemon.addAthlete(id) }
            async let ending = Tool.run(["rebuild", "--dry-run"], socket: daemon.socketPath)
            try await eventually("the request is written") {
                try await daemon.database.query("SELECT FROM sync.silver_rebuild WHERE is_dry_run").count == 2
            }
            for id in Int64(7)...8 { try await end(daemon, id) }
            let said = try await ending
            #expect(said.code == 0 && said.out.hasPrefix("Dry run: rebuilt 22 activities of 2 athletes\n"))
            #expect(said.out.contains("activity      20     22      4        6        2"))
            #expect(said.out.contains("distance_m  2001.0  2400.0") && said.out.hasSuffix("nothing was changed\n"))
        }
    }

    @Test func `the command fails if an athlete keeps its old rows`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            async let ending = Tool.run(["rebuild", "--wait", "--json"], socket: daemon.socketPath)
            try await eventually("the request is written") {
                try await daemon.database.query("SELECT FROM sync.silver_rebuild").count == 1
            }
            try await end(daemon, 7, error: "database statement: no such table")
            let said = try await ending
            let report = try ControlJSON.decode(RebuildMessage.self, from: Array(said.out.utf8))
            #expect(said.code == 1 && report.failed == 1 && report.tables.isEmpty)
            #expect(report.errors == [.init(athleteID: 7, error: "database statement: no such table")])
        }
    }
}
