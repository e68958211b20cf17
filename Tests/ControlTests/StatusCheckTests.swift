import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

/// `fitnessctl status --check`, and what status and doctor both say of the service's health.
@Suite struct StatusCheckTests {
    private func makeTroubles(_ daemon: ControlHarness) async throws {
        for id in Int64(7)...9 { try await daemon.addAthlete(id) }
        try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect' WHERE athlete_id = 7")
        let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAll), body: PauseRequest(forS: nil, reason: "moving"))
        try await daemon.database.query(
            "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (7, 70, now() - interval '1 hour')")
    }

    @Test func `a healthy service exits with 0, and one that needs a person with 1 and a line for each thing to do`() async throws {
        try await ControlHarness.serve { daemon in
            let well = try await Tool.run(["status", "--check"], socket: daemon.socketPath)
            #expect(well.code == 0 && well.out == "healthy: nothing needs a person\n" && well.err.isEmpty)
            #expect(try await Tool.run(["status"], socket: daemon.socketPath).out.contains("\nhealth       nothing needs a person\n"))
            try await makeTroubles(daemon)
            let ill = try await Tool.run(["status", "--check"], socket: daemon.socketPath)
            let lines = ill.out.split(separator: "\n")
            #expect(ill.code == 1 && ill.err.isEmpty && lines.count == 3, "\(ill.out)\(ill.err)")
            #expect(lines.allSatisfy { $0.hasPrefix("WARN  ") && $0.contains("; to do: ") }, "\(ill.out)")
            #expect(ill.out.contains("WARN  athletes: of 3, 1 must connect again; to do: fitnessctl athletes list shows whom"))
            let shown = try await Tool.run(["status"], socket: daemon.socketPath)
            #expect(shown.code == 0, "without --check it is no failure")
            #expect(shown.out.contains("\nhealth       needs a person: silver, syncing, athletes (fitnessctl status --check)\n"))
            let json = try await Tool.run(["status", "--check", "--json"], socket: daemon.socketPath)
            let status = try ControlJSON.decode(StatusMessage.self, from: Array(json.out.utf8))
            #expect(json.code == 1 && !status.healthy && status.troubles.map(\.part) == ["silver", "syncing", "athletes"])
        }
    }

    @Test func `status and doctor say the same of each part that both look at`() async throws {
        try await ControlHarness.serve { daemon in
            try await makeTroubles(daemon)
            daemon.notices.post(.databaseRestarting, "PostgreSQL is being restarted", unready: "the database is being restarted")
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            let doctor: DoctorMessage = try await daemon.client.send(ControlTarget(.doctor))
            let found = doctor.checks.filter { $0.level != .ok }
            #expect(status.troubles == found && found.count == 4)
            #expect(found.last?.part == "notices" && found.last?.level == .fail, "what /readyz answers 503 for is a failure")
            #expect(doctor.healthy == status.healthy)
        }
    }

    @Test func `activities that are made again after all else are counted, but nobody waits for them`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.database.query(
                "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (7, 70, 'infinity')")
            let text = try await Tool.run(["status"], socket: daemon.socketPath).out
            #expect(text.contains("; 1 activity to transform\n") && text.contains("health       nothing needs a person"), "\(text)")
            let doctor = try await Tool.run(["doctor"], socket: daemon.socketPath)
            #expect(doctor.code == 0 && doctor.out.contains("ok    silver: 1 activity to transform"), "\(doctor.out)")
        }
    }

    @Test func `a database that does not answer is told within seconds`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            await daemon.database.hold(patience: .zero)
            daemon.notices.post(.databaseRestarting, "PostgreSQL is being restarted", unready: "the database is being restarted")
            let start = ContinuousClock.now
            let socket = daemon.socketPath
            try await withThrowingTaskGroup { group in
                for arguments in [["status"], ["explain", "7"], ["athletes", "list"], ["history"], ["audit"], ["quarantine", "list"]] {
                    group.addTask { (arguments, try await Tool.run(arguments, socket: socket)) }
                }
                for try await (arguments, ending) in group {
                    #expect(ending.code == 1 && ending.out.isEmpty, "\(arguments): \(ending.out)")
                    let sentence =
                        "fitnessctl: PostgreSQL has not answered for 3 s (the database is being restarted); fitnessctl doctor looks at "
                    #expect(ending.err.hasPrefix(sentence), "\(arguments): \(ending.err)")
                }
            }
            #expect(ContinuousClock.now - start < .seconds(20))
            await daemon.database.resume()
            #expect(try await Tool.run(["status"], socket: daemon.socketPath).code == 0)
        }
    }

    @Test func `without a daemon it exits with 3, without a database with 1, and with --watch it is wrong usage`() async throws {
        let away = try await Tool.run(["status", "--check"], socket: "/nonexistent/s")
        #expect(away.code == 3 && away.out.isEmpty && away.err.contains("daemon not reachable"))
        #expect(try await Tool.run(["status", "--check", "--watch"], socket: "/nonexistent/s").code == 2)
        try await ControlHarness.serve { daemon in
            await daemon.database.close()
            let ending = try await Tool.run(["status", "--check"], socket: daemon.socketPath)
            #expect(ending.code == 1 && ending.out.isEmpty && ending.err.hasPrefix("fitnessctl: database closed"), "\(ending.err)")
        }
    }
}
