import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

/// Times of completion in `explain`, `status` and dry runs.
@Suite struct CompletionRouteTests {
    private func addHistory(_ daemon: ControlHarness, _ athlete: Int64, calls: Int, isRead: Bool = true) async throws {
        try await daemon.addAthlete(athlete)
        try await daemon.database.query(
            """
            INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint, first_listed_at)
            SELECT \(athlete), n, now() - n * interval '1 day' - interval '1 year', '\\x00', now() FROM generate_series(1, \(calls)) AS n
            """)
        try await daemon.database.query(
            """
            INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
            SELECT athlete_id, activity_id, 'streams', 'pending', start_at FROM sync.activity WHERE athlete_id = \(athlete)
            """)
        if isRead { try await daemon.database.query("UPDATE sync.cursor SET history_complete_at = now() WHERE athlete_id = \(athlete)") }
    }

    private func explain(_ daemon: ControlHarness, _ athlete: Int64) async throws -> CompletionMessage {
        let explanation: ExplanationMessage = try await daemon.client.send(ControlTarget(.explanation, athlete: athlete))
        return try #require(explanation.completion)
    }

    private func price(_ daemon: ControlHarness, _ athlete: Int64?) async throws -> PriceMessage {
        try await daemon.client.send(ControlTarget(athlete == nil ? .priceAll : .priceAthlete, athlete: athlete))
    }

    @Test func `one athlete's time counts the calls of the others who share the quota`() async throws {
        let alone = try await ControlHarness.serve { daemon in
            try await addHistory(daemon, 7, calls: 400)
            return try await price(daemon, 7)
        }
        try await ControlHarness.serve { daemon in
            for athlete in Int64(1)...7 { try await addHistory(daemon, athlete, calls: athlete == 1 ? 50 : 400) }
            let price = try await price(daemon, 7)
            let seconds = try #require(price.durationS)
            #expect(try #require(alone.durationS) < 900, "it fits into one quarter hour")
            #expect((2_000...6_000).contains(seconds), "2,450 calls of 600 a quarter hour: \(seconds)")
            let short = try #require(try await self.price(daemon, 1).durationS)
            #expect(short < seconds / 2, "whoever needs less is done sooner: \(short)")
            // A quarter hour may begin between two answers, and with it the estimate changes.
            let before = try #require(try await status(daemon).completion)
            let (own, all) = (try await explain(daemon, 7), try #require(try await status(daemon).completion))
            #expect(own.callsLeft == 400 && all.callsLeft == 2_450)
            let last = max(try #require(before.completesAt), try #require(all.completesAt))
            #expect(try #require(own.completesAt) <= last.addingTimeInterval(5))
            let text = try await Tool.run(["explain", "7"], socket: daemon.socketPath).out
            #expect(text.contains("complete     expected ") && text.contains("if nobody new connects"), "\(text)")
            let dry = try await Tool.run(["sync", "7", "--dry-run"], socket: daemon.socketPath).out
            #expect(dry.contains("time         about ") && dry.contains(", done "), "\(dry)")
        }
    }

    private func status(_ daemon: ControlHarness) async throws -> StatusMessage { try await daemon.client.send(ControlTarget(.status)) }

    @Test func `when the time can't be said the reason is`() async throws {
        try await ControlHarness.serve { daemon in
            try await addHistory(daemon, 7, calls: 100, isRead: false)
            let unread = try await explain(daemon, 7)
            #expect(unread.completesAt == nil && unread.unknownBecause == "list_not_read" && unread.notBefore != nil)
            let price = try await price(daemon, 7)
            #expect(price.unknownBecause == "list_not_read" && price.completesAt == nil && price.durationS != nil)
            #expect(try await status(daemon).completion?.unknownBecause == "list_not_read")
            _ = try await daemon.registry.pause(AthleteID(7), until: nil, reason: nil)
            #expect(try await explain(daemon, 7).unknownBecause == "paused")
            _ = try await daemon.registry.pause(nil, until: nil, reason: nil)
            #expect(try await explain(daemon, 7).unknownBecause == "everything_paused")
            #expect(try await status(daemon).completion?.unknownBecause == "everything_paused")
            _ = try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect'")
            #expect(try await explain(daemon, 7).unknownBecause == "reconnect")
        }
    }

    /// How long it takes until all is here, as status, explain and the dry runs say, in seconds from now.
    private func waits(_ daemon: ControlHarness, _ athlete: Int64) async throws -> [Double] {
        let completions = [try await status(daemon).completion, try await explain(daemon, athlete)]
        let prices = [try await price(daemon, athlete), try await price(daemon, nil)]
        #expect(completions.allSatisfy { $0?.callsLeft == 1 } && prices.allSatisfy { $0.calls.streams == 1 })
        let ends = completions.map { $0?.completesAt } + prices.map(\.completesAt)
        return try ends.map { try #require($0).timeIntervalSinceNow }
    }

    @Test func `an answer that waits for its next try is complete no sooner, whoever is asked`() async throws {
        try await ControlHarness.serve { daemon in
            try await addHistory(daemon, 7, calls: 1)
            try await addHistory(daemon, 8, calls: 0)
            #expect(try await waits(daemon, 7).allSatisfy { $0 < 60 })
            try await daemon.database.query(
                "UPDATE sync.completeness SET state = 'failed', attempts = 1, next_try_at = now() + interval '4 minutes'")
            try await eventually("the ledger is read again") { try await waits(daemon, 7).allSatisfy { (200...245).contains($0) } }
            for arguments in [["status"], ["explain", "7"]] {
                let text = try await Tool.run(arguments, socket: daemon.socketPath).out
                #expect(text.contains(#/complete     expected .*\d\d:\d\d UTC \(in [34] min\)/#), "\(text)")
            }
            let dry = try await Tool.run(["sync", "--all", "--dry-run"], socket: daemon.socketPath).out
            #expect(dry.contains(#/time         about [34] min, done .*\d\d:\d\d UTC/#), "\(dry)")
            let detail: PriceMessage = try await daemon.client.send(
                ControlTarget(.priceAthlete, athlete: 7, query: [(name: "only", value: "detail")]))
            #expect(detail.durationS == 0, "what is not asked for is not waited for")
        }
    }

    @Test func `athletes whose last turn failed are waited for, and alone they allow no forecast`() async throws {
        try await ControlHarness.serve { daemon in
            for athlete in Int64(7)...8 { try await addHistory(daemon, athlete, calls: 3) }
            try await daemon.database.query(
                "UPDATE sync.schedule SET failures = 1, last_error = 'x', due_at = now() + interval '1 hour' WHERE athlete_id = 7")
            let wait = try #require(try await status(daemon).completion?.completesAt).timeIntervalSinceNow
            #expect((3_500...3_605).contains(wait), "\(wait)")
            try await daemon.database.query("DELETE FROM sync.completeness WHERE athlete_id = 8")
            #expect(try await explain(daemon, 7).unknownBecause == "backing_off")
            try await eventually("the ledger is read again") { try await status(daemon).completion?.callsLeft == 3 }
            let all = try #require(try await status(daemon).completion)
            #expect(all.completesAt == nil && all.unknownBecause == "backing_off")
        }
    }

    @Test func `when others use the whole quota no time can be said`() async throws {
        try await ControlHarness.serve { daemon in
            try await addHistory(daemon, 7, calls: 800)
            try await daemon.database.query(
                """
                INSERT INTO sync.quota_window (span, starts_at, overall_limit, overall_usage, exhausted)
                VALUES ('day', date_trunc('day', now(), 'UTC'), 30000, 2000000000, true)
                """)
            try await daemon.governor.start()
            for price in [try await price(daemon, 7), try await price(daemon, nil)] {
                #expect(price.unknownBecause == "quota_taken" && price.durationS == nil && price.completesAt == nil, "\(price)")
            }
            #expect(try await explain(daemon, 7).unknownBecause == "quota_taken")
            let text = try await Tool.run(["status"], socket: daemon.socketPath).out
            #expect(text.contains("complete     can't be said: other programs use the application's whole quota"), "\(text)")
        }
    }

    @Test func `status names the size of the database, and a history without gaps needs no time`() async throws {
        try await ControlHarness.serve { daemon in
            try await addHistory(daemon, 7, calls: 0)
            try await daemon.database.query(
                "INSERT INTO sync.database_size VALUES (current_date - 2, now() - interval '2 days', 1000000), (current_date, now(), 3000000)"
            )
            let status = try await status(daemon)
            #expect(
                status.database == DatabaseSizeMessage(bytes: 3_000_000, growthPerDayBytes: 1_000_000, diskFreeBytes: nil, diskBytes: nil))
            #expect(
                status.completion == CompletionMessage(completesAt: nil, unknownBecause: nil, notBefore: nil, callsLeft: 0, unreadLists: 0))
            let text = try await Tool.run(["status"], socket: daemon.socketPath).out
            #expect(text.contains("database     3.0 MB, growing by 1.0 MB a day"), "\(text)")
            #expect(text.contains("complete     nothing is left to fetch"), "\(text)")
        }
    }

    @Test func `a choice for the history is checked, and stored with the request`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            #expect(try await Tool.run(["sync", "7", "--history", "streams-first"], socket: daemon.socketPath).code == 0)
            let rows = try await daemon.database.query("SELECT request ->> 'history' FROM sync.schedule")
            #expect(try rows[0].decode(String.self) == "streams-first")
            #expect(try await Tool.run(["sync", "7", "--history", "some"], socket: daemon.socketPath).code == 2)
            #expect(try await Tool.run(["sync", "7", "--history", "full", "--only", "list"], socket: daemon.socketPath).code == 2)
            for body in [#"{"full":false,"history":"some"}"#, #"{"full":false,"history":"full","only":["list"]}"#] {
                #expect(try await RawRequest.post("/v1/athletes/7/sync", body, to: daemon.socketPath).status == 400, "\(body)")
            }
            #expect(try await RawRequest.get("/v1/price?history=some", to: daemon.socketPath).status == 400)
        }
    }
}
