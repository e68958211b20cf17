import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct ExplainTests {
    private func explain(_ daemon: ControlHarness) async throws -> ExplanationMessage {
        try await daemon.client.send(ControlTarget(.explanation, athlete: 7))
    }

    @Test func `each blocker is named with its reason and its end`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            #expect(try await explain(daemon).blockers.map(\.reason) == ["in_line"])
            try await daemon.endTurn(7)
            let idle = try await explain(daemon)
            #expect(idle.blockers.isEmpty && idle.line.dueAt != nil)
            try await daemon.endTurn(7, error: "Strava said no")
            _ = try await daemon.database.query("UPDATE sync.schedule SET failures = 3")
            let failing = try await explain(daemon)
            #expect(failing.blockers == [.init(reason: "backing_off", detail: "Strava said no", until: failing.line.dueAt)])
            _ = try await daemon.registry.pause(AthleteID(7), until: nil, reason: "rest")
            _ = try await daemon.registry.pause(nil, until: nil, reason: "moving")
            #expect(
                try await explain(daemon).blockers.map { "\($0.reason) \($0.detail ?? "")" } == ["everything_paused moving", "paused rest"])
            _ = try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect', state_reason = 'the grant is dead'")
            #expect(try await explain(daemon).blockers == [.init(reason: "reconnect", detail: "the grant is dead")])
        }
    }

    @Test func `lost answers to token refreshes are told, and that the old tokens are tried again`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            _ = try await daemon.database.query("UPDATE vault.token SET unanswered = 2")
            #expect(try await explain(daemon).blockers.map(\.reason) == ["in_line", "refresh_unanswered"])
            let text = try await Tool.run(["explain", "7"], socket: daemon.socketPath)
            #expect(text.out.contains("a token refresh got no answer: Strava's answer to 2 refreshes of the token was lost"))
            _ = try await daemon.database.query("UPDATE vault.token SET dead_at = now(), dead_reason = 'refresh_answer_lost'")
            #expect(try await explain(daemon).blockers.map(\.reason) == ["in_line"])
        }
    }

    @Test func `a leased athlete has no queue position`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(5)...7 { try await daemon.addAthlete(id) }
            #expect(try await explain(daemon).line.ahead == 2)
            #expect(try await explain(daemon).line.priority == "connect")
            _ = try await daemon.database.query(
                """
                UPDATE sync.schedule SET lease_owner = gen_random_uuid(), lease_expires_at = now() + interval '1 minute',
                    due_at = now() + interval '1 minute' WHERE athlete_id = 7
                """)
            let working = try await explain(daemon)
            #expect(working.blockers.map(\.reason) == ["working"] && working.line.ahead == 0 && working.line.dueAt == nil)
        }
    }

    @Test func `calls and gaps come from the ledger, with their reasons`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            for (id, state) in [(Int64(1), "landed"), (2, "pending"), (3, "failed"), (4, "empty"), (5, "empty")] {
                try await daemon.addActivity(7, id, streams: state)
            }
            _ = try await daemon.database.query("UPDATE sync.completeness SET reason = 'manual activity' WHERE state = 'empty'")
            let explained = try await explain(daemon)
            #expect(explained.calls == CallsMessage(list: 2, profile: 3, detail: 0, streams: 2) && explained.historyIsUnknown)
            #expect(
                explained.gaps.map { "\($0.count) \($0.endpoint) \($0.state) \($0.reason ?? "")" }
                    == ["2 streams empty manual activity", "1 streams failed ", "1 streams pending "])
            let text = try await Tool.run(["explain", "7"], socket: daemon.socketPath)
            #expect(text.code == 0 && text.out.contains("calls left   at least 7 (list 2; profile, zones, stats and gear 3; streams 2)"))
        }
    }

    @Test func `quarantine entries without a row in the ledger are named with the quarantine's reason`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 70, streams: "quarantined")
            _ = try await daemon.database.query(
                """
                INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason, detail, attempts) VALUES
                    (7, 'summary', -5, 'unreadable_answer', 'a list element without a start', 1),
                    (7, 'silver', 0, 'transform_failed', 'out of range', 2), (7, 'streams', 70, 'server_error', NULL, 6)
                """)
            let explained = try await explain(daemon)
            #expect(
                explained.gaps.map { "\($0.endpoint) \($0.state) \($0.reason ?? "") \($0.attempts ?? 0)" }
                    == [
                        "silver quarantined transform_failed 2", "streams quarantined  6", "summary quarantined unreadable_answer 1",
                    ])
            let text = try await Tool.run(["explain", "7"], socket: daemon.socketPath)
            #expect(text.out.contains("out of range") && text.out.contains("a list element without a start"))
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            let list: QuarantineMessage = try await daemon.client.send(ControlTarget(.quarantine))
            #expect(status.quarantined == 3 && list.total == 3)
        }
    }

    @Test func `without a grant one line says what to do, and no next try is claimed`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 1, streams: "failed")
            _ = try await daemon.database.query(
                "UPDATE sync.completeness SET next_try_at = now() + interval '3 minutes' WHERE state = 'failed'")
            _ = try await daemon.database.query(
                "UPDATE sync.athlete SET state = 'reconnect', state_reason = 'Strava refuses the refresh token'")
            #expect(try await explain(daemon).gaps.allSatisfy { $0.nextTryAt == nil })
            let text = try await Tool.run(["explain", "7"], socket: daemon.socketPath).out
            #expect(text.contains("Send the athlete a new link: fitnessctl athletes connect --uid UID"))
            #expect(text.contains("next turn    after a new connect"))
        }
    }

    @Test func `a dry run prices a sync and changes nothing`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 1, streams: "pending")
            func rows() async throws -> [String] {
                try await daemon.database.query(
                    "SELECT s::text FROM sync.schedule s UNION ALL SELECT c::text FROM sync.completeness c ORDER BY 1"
                )
                .map { try $0.decode(String.self) }
            }
            let before = try await rows()
            let one = try await Tool.run(["sync", "7", "--dry-run", "--only", "streams", "--json"], socket: daemon.socketPath)
            let price = try ControlJSON.decode(PriceMessage.self, from: Array(one.out.utf8))
            #expect(
                price.calls == CallsMessage(list: 0, profile: 0, detail: 0, streams: 1) && price.durationS ?? 99 <= 5
                    && price.dayLimit == 30_000)
            let all = try await Tool.run(["sync", "--all", "--full", "--dry-run"], socket: daemon.socketPath)
            #expect(all.code == 0 && all.out.contains("calls        at least 6 (list 2; profile, zones, stats and gear 3; streams 1)"))
            #expect(all.out.hasSuffix("nothing was changed\n"))
            #expect(try await rows() == before)
            let bad = try await RawRequest.get("/v1/price?only=zones", to: daemon.socketPath)
            #expect(bad.status == 400)
        }
    }

    @Test func `a request for single steps is stored with them`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let ending = try await Tool.run(["sync", "7", "--only", "list", "--only", "detail"], socket: daemon.socketPath)
            #expect(ending.code == 0)
            let rows = try await daemon.database.query("SELECT request -> 'only' = '[\"list\", \"detail\"]' FROM sync.schedule")
            #expect(try rows[0].decode(Bool.self))
            for body in [#"{"full":true,"only":["streams"]}"#, #"{"full":false,"only":[]}"#, #"{"full":false,"only":["zones"]}"#] {
                let answer = try await RawRequest.post("/v1/athletes/7/sync", body, to: daemon.socketPath)
                #expect(answer.status == 400, "\(body)")
            }
        }
    }
}
