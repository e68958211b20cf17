import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

extension ControlHarness {
    /// Puts the streams of activity 70 of athlete 7 into the quarantine.
    fileprivate func quarantine() async throws {
        try await addAthlete(7)
        try await addActivity(7, 70, streams: "quarantined")
        _ = try await database.query(
            """
            INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason, body)
            VALUES (7, 'streams', 70, 'server_error', \([UInt8](repeating: 7, count: 9)))
            """)
    }
}

@Suite struct QuarantineTests {
    @Test func `an entry shows its reason, its ledger and its remedy, and no body`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.quarantine()
            let query = [(name: "athlete_id", value: "7"), (name: "endpoint", value: "streams"), (name: "object_id", value: "70")]
            let target = ControlTarget(.quarantineEntry, query: query)
            let message: QuarantineEntryMessage = try await daemon.client.send(target)
            #expect(message.entry.reason == "server_error" && message.entry.bodyBytes == 9)
            #expect(message.ledger?.state == "quarantined" && message.remedy == "fetch")
            let shown = try await Tool.run(["quarantine", "show", "7", "streams", "70"], socket: daemon.socketPath)
            #expect(shown.code == 0 && shown.out.contains("a retry      asks Strava for it again"))
        }
    }

    @Test func `a retry and a drop are in PostgreSQL before the response`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.quarantine()
            let retried = try await Tool.run(["quarantine", "retry", "7", "streams", "70"], socket: daemon.socketPath)
            #expect(retried.code == 0 && retried.out == "1 entry will be tried again\n")
            let rows = try await daemon.database.query("SELECT state FROM sync.completeness WHERE endpoint = 'streams'")
            #expect(try rows.map { try $0.decode(String.self) } == ["pending"])
            let again = try await Tool.run(["quarantine", "drop", "7", "streams", "70"], socket: daemon.socketPath)
            #expect(again.code == 1 && again.err.contains("no such quarantine entry"))
            _ = try await daemon.database.query("UPDATE sync.completeness SET state = 'quarantined' WHERE endpoint = 'streams'")
            _ = try await daemon.database.query(
                "INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason) VALUES (7, 'streams', 70, 'server_error')")
            let dropped = try await Tool.run(["quarantine", "drop", "7", "streams", "70", "--json"], socket: daemon.socketPath)
            let done = try ControlJSON.decode(QuarantineDoneMessage.self, from: Array(dropped.out.utf8))
            #expect(dropped.code == 0 && done.entries == 1)
        }
    }

    @Test func `the entries of all athletes are retried at once, or only those with a given reason`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.quarantine()
            _ = try await daemon.database.query("INSERT INTO sync.athlete (athlete_id) SELECT n FROM generate_series(1001, 1150) AS n")
            _ = try await daemon.database.query(
                """
                INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason)
                SELECT n, 'silver', 1, 'transform_failed' FROM generate_series(1001, 1150) AS n
                """)
            let some = try await Tool.run(["quarantine", "retry", "--all", "--reason", "transform_failed"], socket: daemon.socketPath)
            #expect(some.code == 0 && some.out == "150 entries will be tried again\n", "\(some.err)")
            let work = try await daemon.database.query("SELECT count(*) FROM sync.transform_work WHERE activity_id = 1")
            #expect(try work[0].decode(Int.self) == 150)
            let all = try await Tool.run(["quarantine", "retry", "--all"], socket: daemon.socketPath)
            #expect(all.code == 0 && all.out == "1 entry will be tried again\n", "\(all.err)")
            let nobody = try await Tool.run(["quarantine", "retry"], socket: daemon.socketPath)
            #expect(nobody.code == 2)
        }
    }

    @Test func `an incomplete entry name is refused`() async throws {
        try await ControlHarness.serve { daemon in
            for body in [
                #"{"athlete_id":7,"endpoint":"streams"}"#, #"{"athlete_id":0}"#, #"{"athlete_id":7,"endpoint":"a b","object_id":1}"#,
            ] {
                let answer = try await RawRequest.post("/v1/quarantine/retry", body, to: daemon.socketPath)
                #expect(answer.status == 400, "\(body)")
            }
            let drop = try await RawRequest.post("/v1/quarantine/drop", #"{"athlete_id":7}"#, to: daemon.socketPath)
            #expect(drop.status == 400)
        }
    }
}
