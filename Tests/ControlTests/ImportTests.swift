import ControlAPI
import Core
import Foundation
import Synchronization
import TestKit
import Testing

@testable import ControlServer

@Suite struct ImportTests {
    @Test func `good lines are imported, bad ones are reported by number, and no token comes back`() async throws {
        try await ControlHarness.serve { daemon in
            let bytes = try await upload(
                [
                    line(1, uid: #""ann""#), "not json with token-secret", line(2, expires: #""2026-05-01T00:00:00Z""#), "",
                    line(3, access: "null"), line(4, scope: #"["read","activity:read_all","read"]"#), line(-5),
                    line(1, scope: #""read profile:read_all""#), #"["token-secret"]"#,
                ].joined(separator: "\n"), to: daemon)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("token-secret"))
            let report: ImportReport = try ControlClient.decoded(bytes)
            #expect(report.added == 3 && report.updated == 1 && report.bad == 4)
            #expect(report.badLines.map(\.line) == [2, 5, 7, 9])
            #expect(report.badLines.map(\.reason)[1] == "access_token is missing")
            let rows = try await daemon.database.query("SELECT athlete_id, uid, scope FROM sync.athlete ORDER BY athlete_id")
            let athletes = try rows.map { try $0.decode(Int64.self, String?.self, String.self) }
            #expect(athletes.map(\.0) == [1, 2, 4])
            #expect(athletes.map(\.1) == ["ann", nil, nil])
            #expect(athletes.map(\.2) == ["read,profile:read_all", "read,activity:read", "read,activity:read_all"])
        }
    }

    @Test func `a line beyond the limit is one bad line, and the rest is imported`() async throws {
        try await ControlHarness.serve { daemon in
            let long = "{\"uid\":\"" + String(repeating: "x", count: 200_000) + "\"}"
            let bytes = try await upload([line(1), long, line(2)].joined(separator: "\n"), to: daemon)
            let report: ImportReport = try ControlClient.decoded(bytes)
            #expect(report.added == 2)
            #expect(report.badLines == [.init(line: 2, reason: "longer than 65536 bytes")])
        }
    }

    @Test func `a moved uid is reported for both athletes, in whatever order the lines come`() async throws {
        try await ControlHarness.serve { daemon in
            _ = try await upload(
                [line(1, uid: #""demo-1""#), line(2, uid: #""demo-2""#), line(3, uid: #""demo-3""#)].joined(separator: "\n"), to: daemon)
            let lines = [line(1, uid: #""demo-2""#), line(2, uid: #""demo-1""#), line(3), #"{"uid":"anna","athlete_id":3}"#]
            let report: ImportReport = try ControlClient.decoded(try await upload(lines.joined(separator: "\n"), to: daemon))
            #expect(
                report.movedUIDs == [
                    .init(line: 1, athleteID: 1, from: "demo-1", to: "demo-2"), .init(line: 1, athleteID: 2, from: "demo-2", to: nil),
                    .init(line: 4, athleteID: 3, from: "demo-3", to: "anna"),
                ])
            #expect(report.updated == 4 && report.kept == 0 && report.bad == 0)
            #expect(try await uids(daemon) == ["demo-2", "demo-1", "anna"])
            let file = #"{"uid":"demo-1","athlete_id":3}"#
            let ending = try await Tool.run(["athletes", "import", "-"], socket: daemon.socketPath, input: file)
            #expect(ending.code == 0 && ending.out.hasPrefix("line 1: athlete 3: uid anna → demo-1\nline 1: athlete 2: uid demo-1 → none"))
        }
    }

    @Test func `a line without tokens changes only the uid of a known athlete`() async throws {
        try await ControlHarness.serve { daemon in
            let lines = [#"{"uid":"anna","athlete_id":1}"#, #"{"athlete_id":1}"#, #"{"uid":"anna","athlete_id":1,"scope":"read"}"#]
            let report: ImportReport = try ControlClient.decoded(try await upload(lines.joined(separator: "\n"), to: daemon))
            #expect(report.bad == 3 && report.badLines[0].reason.contains("not known"))
            #expect(report.badLines.dropFirst().allSatisfy { $0.reason == "access_token is missing" })
            #expect(try await uids(daemon).isEmpty)
        }
    }

    @Test func `the later grant is kept, unless it is dead, another athlete's, or replaced on request`() async throws {
        try await ControlHarness.serve { daemon in
            let now = Int(Date.now.timeIntervalSince1970)
            let (older, stored, later) = ("\(now)", "\(now + 3_600)", "\(now + 7_200)")
            for id in Int64(1)...6 { _ = try await upload(line(id, uid: "\"u\(id)\"", expires: stored), to: daemon) }
            _ = try await daemon.database.query(
                "UPDATE vault.token SET dead_at = now(), dead_reason = 'refresh_token_invalid' WHERE athlete_id = 3")
            _ = try await daemon.database.query(
                "UPDATE sync.athlete SET state = 'reconnect', state_reason = 'token_of_another_athlete' WHERE athlete_id = 4")
            // Refused by Strava before its time, and not yet refreshed: as young as can be.
            _ = try await daemon.database.query(
                "UPDATE vault.token SET access_expires_at = 'epoch', refreshed_at = now() WHERE athlete_id = 5")
            let lines = [
                line(1, expires: older, scope: #""read""#), line(2, expires: later, scope: #""read""#),
                line(3, expires: older, scope: #""read""#),
                line(4, expires: older, scope: #""read""#), line(5, expires: older, scope: #""read""#),
                line(6, expires: stored, scope: #""read""#),
                line(1, uid: #""anna""#, expires: older),
            ]
            let report: ImportReport = try ControlClient.decoded(try await upload(lines.joined(separator: "\n"), to: daemon))
            #expect(report.updated == 4 && report.kept == 3 && report.keptLines.map(\.line) == [1, 5, 7])
            #expect(report.keptLines.first?.expiresAt == Date(timeIntervalSince1970: Double(now + 3_600)))
            let scopes = try await daemon.database.query("SELECT scope FROM sync.athlete ORDER BY athlete_id").map {
                try $0.decode(String.self)
            }
            #expect(scopes.map { $0 == "read" } == [false, true, true, true, false, true])
            #expect(try await uids(daemon).first == "anna")
            let states = try await daemon.database.query("SELECT 1 FROM sync.athlete WHERE state = 'active'")
            #expect(states.count == 6)

            let file = line(1, expires: older, scope: #""read""#)
            let kept = try await Tool.run(["athletes", "import", "-"], socket: daemon.socketPath, input: file)
            #expect(
                kept.code == 0 && kept.out.contains("line 1: athlete 1: kept the stored grant")
                    && kept.out.hasSuffix("0 updated, 1 kept, 0 bad\n"))
            let replaced = try await Tool.run(["athletes", "import", "--replace", "-"], socket: daemon.socketPath, input: file)
            #expect(replaced.code == 0 && replaced.out == "0 added, 1 updated, 0 bad\n")
        }
    }

    @Test func `many bad lines are all counted, and the first thousand are named`() async throws {
        try await ControlHarness.serve { daemon in
            let bytes = try await upload(String(repeating: "x\n", count: 1_500), to: daemon)
            let report: ImportReport = try ControlClient.decoded(bytes)
            #expect(report.bad == 1_500 && report.badLines.count == 1_000 && report.badLines.last?.line == 1_000)
        }
    }

    @Test(arguments: [
        (#"{"athlete_id":true}"#, "athlete_id must be Strava's number of the athlete"),
        (#"{"athlete_id":1.5}"#, "athlete_id must be Strava's number of the athlete"),
        (#"{}"#, "athlete_id is missing"),
        (#"{"athlete_id":1,"uid":7}"#, UID.rule),
        (#"{"athlete_id":1,"access_token":"a b"}"#, "access_token must be a text of 1 to 1024 visible ASCII characters"),
        (#"{"athlete_id":1,"access_token":"a","refresh_token":{}}"#, "refresh_token must be a text of 1 to 1024 visible ASCII characters"),
        (#"{"athlete_id":1,"access_token":"a","refresh_token":"r"}"#, "expires_at is missing"),
        (
            #"{"athlete_id":1,"access_token":"a","refresh_token":"r","expires_at":1769860800000}"#,
            "expires_at must be seconds since 1970 or an ISO-8601 time in UTC"
        ),
        (#"{"athlete_id":1,"access_token":"a","refresh_token":"r","expires_at":1}"#, "scope is missing"),
        (
            #"{"athlete_id":1,"access_token":"a","refresh_token":"r","expires_at":1,"scope":["read",1]}"#,
            "scope must name what the athlete granted, for example \"read,activity:read_all\""
        ),
    ])
    func `each kind of bad line has its sentence`(line: String, reason: String) {
        let fault = #expect(throws: ImportFault.self) { try ImportLine(Array(line.utf8)) }
        #expect(fault?.reason == reason)
    }

    @Test func `numbers as text, both forms of times and all three of scopes mean the same`() throws {
        let lines = [
            line(9, expires: "1777593600", scope: #""read,activity:read""#),
            line(9, expires: #""1777593600""#, scope: #""read activity:read""#),
            line(9, expires: #""2026-05-01T00:00:00Z""#, scope: #"["read","activity:read"]"#),
            line(9, expires: "1777593600.0").replacing("\"athlete_id\":9", with: "\"athlete_id\":\"9\""),
        ]
        for text in lines {
            let read = try ImportLine(Array(text.utf8))
            #expect(read.athlete == AthleteID(9))
            let grant = try #require(read.grant)
            #expect(grant.expiresAt == Date(timeIntervalSince1970: 1_777_593_600))
            #expect(grant.scope == ["read", "activity:read"])
            #expect(grant.accessToken.reveal() == "token-secret-a" && grant.refreshToken.reveal() == "token-secret-r")
        }
    }

    private func uids(_ daemon: ControlHarness) async throws -> [String?] {
        try await daemon.database.query("SELECT uid FROM sync.athlete ORDER BY athlete_id").map { try $0.decode(String?.self) }
    }

    private func line(
        _ id: Int64, uid: String = "null", access: String = #""token-secret-a""#, expires: String = "1777593600",
        scope: String = #""read,activity:read""#
    ) -> String {
        #"{"uid":\#(uid),"athlete_id":\#(id),"access_token":\#(access),"refresh_token":"token-secret-r","expires_at":\#(expires),"scope":\#(scope)}"#
    }

    /// Sends the text in pieces of 1,000 bytes.
    private func upload(_ text: String, to daemon: ControlHarness) async throws -> [UInt8] {
        let rest = Mutex(Array(text.utf8)[...])
        return try await daemon.client.upload(ControlTarget(.importAthletes)) {
            rest.withLock { rest in
                defer { rest = rest.dropFirst(1_000) }
                return rest.isEmpty ? nil : Array(rest.prefix(1_000))
            }
        }
    }
}
