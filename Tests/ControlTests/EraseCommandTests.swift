import ControlAPI
import Foundation
import Sync
import TestKit
import Testing

@Suite struct EraseCommandTests {
    private func count(_ daemon: ControlHarness) async throws -> Int {
        try await daemon.database.query("SELECT count(*) FROM sync.athlete")[0].decode(Int.self)
    }

    @Test(arguments: [[], ["--json"]])
    func `without a terminal nothing is erased but with --yes`(options: [String]) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let refused = try await Tool.run(["athletes", "erase", "7"] + options, socket: daemon.socketPath, input: "7\n")
            #expect(refused.code == 2 && refused.err.contains("--yes") && refused.out.isEmpty)
            #expect(try await count(daemon) == 1)
            let done = try await Tool.run(["athletes", "erase", "7", "--yes"] + options, socket: daemon.socketPath)
            #expect(done.code == 0, "\(done.err)")
            #expect(try await count(daemon) == 0)
            if options.isEmpty {
                #expect(done.out.hasPrefix("Erased: ") && done.out.contains("rows; the grant at Strava: "))
            } else {
                let message = try ControlJSON.decode(ErasureMessage.self, from: Array(done.out.utf8))
                #expect(message.erasedAt != nil && message.requestedBy == "operator" && message.revocation == "pending")
                #expect(message.tables.contains(ErasedTable(table: "sync.athlete", rows: 1)))
                #expect(message.rows == message.tables.reduce(0) { $0 + $1.rows })
                #expect(!done.out.contains("anna"))
            }
        }
    }

    @Test(arguments: ["7", "8", "y", ""])
    func `on a terminal the plan is shown, and the athlete's number is the yes`(answer: String) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let command = "\(try builtProgram("fitnessctl").path) athletes erase 7 --socket \(daemon.socketPath)"
            let ending = try await Tool.run(["-qec", command, "/dev/null"], input: answer + "\n", executable: "/usr/bin/script")
            #expect(ending.out.contains("Athlete 7 (anna): ") && ending.out.contains("sync.athlete") && ending.out.contains("type 7:"))
            #expect(ending.code == (answer == "7" ? 0 : 1))
            #expect(try await count(daemon) == (answer == "7" ? 0 : 1))
        }
    }

    @Test func `an athlete who is not known is no erasure`() async throws {
        try await ControlHarness.serve { daemon in
            let ending = try await Tool.run(["athletes", "erase", "7", "--yes"], socket: daemon.socketPath)
            #expect(ending.code == 1 && ending.err.contains("athlete 7 is not known"))
            let plan = await #expect(throws: ControlClientError.self) {
                let _: ErasurePlanMessage = try await daemon.client.send(ControlTarget(.erasurePlan, athlete: 7))
            }
            #expect(plan?.refusal == "not_found")
            let none = try await Tool.run(["erasures"], socket: daemon.socketPath)
            #expect(none.code == 0 && none.out == "nobody was erased yet\n")
        }
    }

    @Test func `receipts come in pages, oldest first, and name nobody`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...9 {
                try await daemon.addAthlete(id, uid: "name\(id)")
                let plan: ErasurePlanMessage = try await daemon.client.send(ControlTarget(.erasurePlan, athlete: id))
                #expect(plan.uid == "name\(id)" && plan.tables.contains(ErasedTable(table: "vault.token", rows: 1)))
                let _: ErasureMessage = try await daemon.client.send(ControlTarget(.eraseAthlete, athlete: id))
            }
            let first: ErasuresMessage = try await daemon.client.send(ControlTarget(.erasures, query: [("limit", "2")]))
            #expect(first.erasures.count == 2 && first.nextAfter == first.erasures.last?.erasureNo)
            let rest: ErasuresMessage = try await daemon.client.send(
                ControlTarget(.erasures, query: [("after", "\(first.nextAfter ?? 0)")]))
            #expect(rest.erasures.count == 1 && rest.nextAfter == nil)
            #expect(Set((first.erasures + rest.erasures).map(\.athleteTag)).count == 3)
            let text = try await Tool.run(["erasures"], socket: daemon.socketPath)
            #expect(text.out.split(separator: "\n").count == 4 && !text.out.contains("name"))
        }
    }

    @Test func `a replay erases whom a backup brought back, and tells what it could not read`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let receipt: ErasureMessage = try await daemon.client.send(ControlTarget(.eraseAthlete, athlete: 7))
            try await daemon.addAthlete(7)
            try await daemon.addAthlete(8)
            let file = URL(filePath: daemon.socketPath).deletingLastPathComponent().appending(path: "erasures.jsonl").path
            let newcomer = try await Tool.run(["erasures", "replay", file, "--json"], socket: daemon.socketPath)
            #expect(newcomer.code == 0)
            let nobody = try ControlJSON.decode(ErasureReplayMessage.self, from: Array(newcomer.out.utf8))
            #expect(nobody.receipts == 1 && nobody.found == 0)

            try await daemon.database.query("UPDATE sync.athlete SET created_at = now() - interval '1 day'")
            let line = """
                {"athlete_tag":"\(receipt.athleteTag)","key_id":"\(receipt.keyID)","requested_at":"2999-01-01T00:00:00Z"}
                not a receipt
                """
            let done = try await Tool.run(["erasures", "replay", "-"], socket: daemon.socketPath, input: line)
            #expect(done.code == 1 && done.out.contains("1 receipt: 1 athlete found, 1 erased"))
            #expect(done.out.contains("1 line is no receipt\n"))
            let left = try await daemon.database.query("SELECT athlete_id FROM sync.athlete")
            #expect(try left.map { try $0.decode(Int64.self) } == [8])
            let missing = try await Tool.run(["erasures", "replay", "/nowhere"], socket: daemon.socketPath)
            #expect(missing.code == 1 && missing.err.contains("can't read /nowhere"))
        }
    }
}
