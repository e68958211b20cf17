import Core
import Database
import Foundation
import Sync
import TestKit
import Testing

@testable import ControlAPI
@testable import ControlServer

/// Who asked for which change, and what became of it.
@Suite struct AuditTests {
    private static let me = Accounts.userName(geteuid())

    private func records(_ daemon: ControlHarness, athlete: Int64? = nil) async throws -> [AuditMessage.RecordedRequest] {
        let query = athlete.map { [(name: "athlete_id", value: String($0))] } ?? []
        let message: AuditMessage = try await daemon.client.send(ControlTarget(.audit, query: query))
        return message.requests.reversed()
    }

    @Test func `each route that changes something is for admins, and each of their requests is recorded`() async throws {
        #expect(ControlRoute.allCases.allSatisfy { ($0.access == .admin) == ($0.method == "POST") })
        try await ControlHarness.serve { daemon in
            // A body that none of them takes, so that nothing happens; what takes none is carried out.
            for route in ControlRoute.allCases {
                let head = "\(route.method) \(route.path(athlete: 7)) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
                let body = route.method == "POST" ? "content-length: 1\r\n\r\n[" : "\r\n"
                _ = try await RawRequest.send(head + body, to: daemon.socketPath)
            }
            let recorded = try await records(daemon)
            let changing = ControlRoute.allCases.filter { $0.access == .admin }
            #expect(recorded.map(\.action) == changing.map(\.action))
            #expect(recorded.allSatisfy { $0.user == Self.me && $0.userID == Int64(geteuid()) && $0.endedAt != nil })
            #expect(recorded.allSatisfy { $0.outcome != "begun" && ($0.outcome == "done") == ($0.refusal == nil) }, "\(recorded)")
            #expect(recorded.allSatisfy { $0.athleteID == nil }, "nobody is known here")
        }
    }

    @Test func `a request is recorded with its athlete and what it asked for, and no secret`() async throws {
        let log = LogCapture()
        try await ControlHarness.serve(logger: log.logger) { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let commands: [(arguments: [String], input: String)] = [
                (["pause", "7", "--for", "2h", "--reason", "on a trip"], ""), (["tokens", "issue", "--uid", "anna", "--days", "3"], ""),
                (["tokens", "revoke", "1"], ""), (["athletes", "connect", "--uid", "bert"], ""), (["sync", "--all", "--full"], ""),
                (["athletes", "set-threshold", "7", "power", "285"], ""),
                (["athletes", "import", "-"], #"{"athlete_id":8,"access_token":"secret-a","refresh_token":"secret-r","expires_at":1}"#),
                (["quarantine", "drop", "7", "streams", "55"], ""), (["pause", "9"], ""), (["vault", "rotate"], ""),
            ]
            for command in commands { _ = try await Tool.run(command.arguments, socket: daemon.socketPath, input: command.input) }
            let recorded = try await records(daemon)
            func parameters(_ action: String) -> [String: AuditValue]? { recorded.first { $0.action == action }?.parameters }
            #expect(parameters("pause_athlete") == ["for_s": .whole(7_200), "reason": .text("on a trip")])
            #expect(parameters("issue_token") == ["days": .whole(3), "scopes": .list(["read"])])
            #expect(parameters("sync_all") == ["full": .flag(true)])
            #expect(parameters("set_threshold") == ["metric": .text("power"), "value": .whole(285)])
            #expect(parameters("import_athletes") == ["replace": .flag(false)] || parameters("import_athletes") == [:])
            #expect(
                recorded.map(\.athleteID) == [7, 7, 7, nil, nil, 7, nil, 7, nil, nil],
                "by number, by uid and by token; nobody who is not known")
            #expect(recorded.map(\.outcome) == ["done", "done", "done", "done", "done", "done", "done", "refused", "refused", "done"])
            #expect(recorded.compactMap(\.refusal) == ["not_found", "not_found"])
            let rows = try await daemon.database.query(
                "SELECT row_to_json(a)::text || coalesce(row_to_json(n)::text, '') FROM sync.audit a LEFT JOIN sync.audit_athlete n USING (audit_id)"
            ).map { try $0.decode(String.self) }.joined()
            for secret in ["secret", "bert", "anna", "fitnessd_"] { #expect(!rows.contains(secret) && !log.text.contains("secret")) }
            #expect(log.text.contains("notice control request carried out"))
            let line = try #require(log.text.split(separator: "\n").first { $0.contains("pause_athlete") })
            #expect(line.contains("\"athlete_id\": 7") && line.contains("\"user_id\": \(geteuid())"), "\(line)")
        }
    }

    @Test func `after an erasure the record says that somebody was erased, and not who`() async throws {
        let log = LogCapture()
        try await ControlHarness.serve(logger: log.logger) { daemon in
            try await daemon.addAthlete(987_654_321, uid: "anna")
            for arguments in [["pause", "987654321", "--reason", "anna is away"], ["athletes", "erase", "987654321", "--yes"]] {
                #expect(try await Tool.run(arguments, socket: daemon.socketPath).code == 0)
            }
            // Nobody is named who was erased before, either.
            #expect(try await Tool.run(["resume", "987654321"], socket: daemon.socketPath).code == 1)
            let recorded = try await records(daemon)
            #expect(recorded.map(\.action) == ["pause_athlete", "erase_athlete", "resume_athlete"])
            #expect(recorded.map(\.outcome) == ["done", "done", "refused"])
            #expect(recorded.allSatisfy { $0.athleteID == nil && $0.parameters.isEmpty })
            for table in ["sync.audit", "sync.audit_athlete"] {
                let rows = try await daemon.database.query("SELECT row_to_json(t)::text FROM \(raw: table) t").map {
                    try $0.decode(String.self)
                }
                #expect(!rows.joined().contains("987654321") && !rows.joined().contains("anna"))
            }
            let erased = log.text.split(separator: "\n").filter { $0.contains("erase_athlete") }
            #expect(!erased.isEmpty && !erased.contains { $0.contains("987654321") })
        }
    }

    @Test func `audit lists the newest first, by athlete, age and number, in pages`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 { try await daemon.addAthlete(id) }
            for _ in 1...3 {
                for id in Int64(7)...8 { let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAthlete, athlete: id)) }
            }
            try await daemon.database.query("UPDATE sync.audit SET asked_at = now() - interval '3 days' WHERE audit_id <= 2")
            #expect(try await records(daemon).map(\.athleteID) == [7, 8, 7, 8, 7, 8])
            #expect(try await records(daemon, athlete: 8).count == 3)
            func lines(_ arguments: String...) async throws -> [Substring] {
                let ending = try await Tool.run(["audit"] + arguments, socket: daemon.socketPath)
                #expect(ending.code == 0, "\(ending.err)")
                return Array(ending.out.split(separator: "\n").dropFirst())
            }
            #expect(try await lines().count == 6)
            #expect(try await lines("--since", "2d").count == 4)
            #expect(try await lines("--limit", "1").first?.contains("pause athlete") == true)
            #expect(try await lines("--athlete", "7", "--since", "2d").count == 2)
            let first: AuditMessage = try await daemon.client.send(ControlTarget(.audit, query: [("limit", "4")]))
            #expect(first.requests.count == 4 && first.nextBefore == first.requests.last?.auditID)
            let rest: AuditMessage = try await daemon.client.send(
                ControlTarget(.audit, query: [("limit", "4"), ("before", "\(first.nextBefore ?? 0)")]))
            #expect(rest.requests.count == 2 && rest.nextBefore == nil)
            let none = try await Tool.run(["audit", "--athlete", "9"], socket: daemon.socketPath)
            #expect(none.code == 0 && none.out == "no such requests\n")
        }
    }

    @Test func `a change that can't be recorded is not made`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.database.query("ALTER TABLE sync.audit RENAME TO elsewhere")
            let ending = try await Tool.run(["pause", "7"], socket: daemon.socketPath)
            #expect(ending.code == 1)
            #expect(try await daemon.database.query("SELECT FROM sync.athlete WHERE paused_until IS NOT NULL").isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"reason":"x","access_token":"t","client_secret":"s","key":"k","password":"p"}"#, "{}", #"{"reason":"x"}"#),
        (#"{"scopes":["read","anna smith","A"],"days":{"a":1},"full":null}"#, #"{"scopes":["read"]}"#, "{}"),
        (#"{"only":"anna.smith@example.org","streams":["watts"]}"#, #"{"streams":["watts"]}"#, "{}"),
        ("[1]", "{}", "{}"), ("", "{}", "{}"),
    ])
    func `only known parameters are recorded, and words alone outlast an athlete`(body: String, lasting: String, ofAthlete: String) throws {
        let members = try? ControlJSON.decode([String: AuditValueOrNothing].self, from: Array(body.utf8))
        let parameters = AuditParameters((members ?? [:]).compactMapValues(\.value), athlete: nil)
        #expect(parameters.lastingJSON == lasting && parameters.athleteJSON == ofAthlete)
    }

    private struct AuditValueOrNothing: Decodable {
        let value: AuditValue?
        init(from decoder: any Decoder) throws { value = try? AuditValue(from: decoder) }
    }
}
