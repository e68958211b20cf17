import ControlAPI
import Core
import Database
import Foundation
import TestKit
import Testing

@testable import ControlServer

/// `GET /v1/doctor` and `fitnessctl doctor`, as far as the control server looks itself.
@Suite struct DoctorTests {
    private func check(_ daemon: ControlHarness, _ part: String) async throws -> DoctorMessage.Check {
        let message: DoctorMessage = try await daemon.client.send(ControlTarget(.doctor))
        #expect(message.healthy == message.checks.allSatisfy { $0.level == .ok })
        #expect(message.checks.allSatisfy { ($0.advice == nil) == ($0.level == .ok) }, "what is wrong comes with what to do")
        return try #require(message.checks.first { $0.part == part })
    }

    @Test func `what needs a person is told with what to do, and exits with 1`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...9 { try await daemon.addAthlete(id) }
            let well = try await Tool.run(["doctor"], socket: daemon.socketPath)
            #expect(well.code == 0, "\(well.out)\(well.err)")
            #expect(well.out.contains("ok    athletes: 3 connected\n") && well.out.contains("ok    silver: up to date\n"))
            try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect' WHERE athlete_id = 7")
            try await daemon.database.query("UPDATE sync.schedule SET failures = 5 WHERE athlete_id = 8")
            let athletes = try await check(daemon, "athletes")
            #expect(athletes.level == .warn && athletes.summary == "of 3, 1 must connect again, 1 failed 5 times in a row or more")
            #expect(athletes.advice?.contains("fitnessctl retry ID") == true)
            let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAll), body: PauseRequest(forS: nil, reason: "moving"))
            let paused = try await check(daemon, "syncing")
            #expect(paused.level == .warn && paused.summary.hasSuffix(": moving") && paused.advice == "fitnessctl resume")
            try await daemon.database.query(
                "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (7, 70, now() - interval '1 hour')")
            #expect(try await check(daemon, "silver").level == .warn)
            #expect(try await check(daemon, "backup").summary.hasPrefix("none is recorded"))
            let _: BackupMessage = try await daemon.client.send(
                ControlTarget(.recordBackup), body: BackupRecordRequest(madeBy: "pgbackrest", bytes: nil))
            #expect(try await check(daemon, "backup").summary == "the last one is 0 h old, by pgbackrest")
            try await daemon.database.query("UPDATE sync.backup SET taken_at = now() - interval '9 days'")
            #expect(try await check(daemon, "backup").level == .warn)
            let ill = try await Tool.run(["doctor"], socket: daemon.socketPath)
            #expect(ill.code == 1 && ill.out.contains("WARN  syncing: paused until resumed by "), "\(ill.out)")
            #expect(ill.out.contains("\n      fitnessctl resume\n"))
            let json = try await Tool.run(["doctor", "--json"], socket: daemon.socketPath)
            #expect(json.code == 1)
            #expect(try ControlJSON.decode(DoctorMessage.self, from: Array(json.out.utf8)).healthy == false)
        }
    }

    @Test func `a part that fails or does not answer is reported, and keeps no other waiting`() async throws {
        let failing = try #require(
            await Examination.run([Examination("broken") { throw DatabaseError(.unreachable, "nobody there") }]).first)
        #expect(failing.level == .fail && failing.summary == "the database can't be reached" && failing.advice != nil)
        try await ControlHarness.serve { daemon in
            await daemon.database.close()
            let message: DoctorMessage = try await daemon.client.send(ControlTarget(.doctor))
            #expect(!message.healthy && message.checks.count >= 5)
        }
    }

    @Test func `a database that is down is blamed alone`() async {
        let down = DatabaseError(.unreachable, "nobody there")
        let examinations = [
            Examination("disk") { .fail("full", advice: "make room") }, Examination("athletes") { throw down },
            Examination("database") { .fail("\(down)", advice: "start it") },
            Examination("silver") {
                try await Task.sleep(for: .seconds(60))
                throw down
            },
            Examination("notices") { .ok("none") },
        ]
        let checks = await Examination.run(examinations)
        #expect(checks.map(\.part) == ["disk", "athletes", "database", "silver", "notices"])
        #expect(checks.map(\.level) == [.fail, .unseen, .fail, .unseen, .ok])
        #expect(checks.allSatisfy { ($0.advice == nil) == [.ok, .unseen].contains($0.level) })
        #expect(!DoctorMessage(at: Date(), checks: checks).healthy)
    }
}
