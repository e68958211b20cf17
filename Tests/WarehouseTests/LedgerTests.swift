import Core
import Foundation
import SyncStore
import TestKit
import Testing

@testable import Warehouse

@Suite struct LedgerTests {
    private let ledger = "SELECT activity_id, endpoint, state, reason, attempts FROM sync.completeness ORDER BY activity_id, endpoint"

    @Test func `a listed activity gets its rows in the ledger, and a manual one needs no streams`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let receipt = try await bench.land(listed: [listed(11), listed(12, manual: true)])
            #expect(receipt.newActivities == 2)
            #expect(
                try await bench.lines(ledger) == [
                    "(11,detail,pending,,0)", "(11,streams,pending,,0)", "(11,summary,landed,,0)", "(12,detail,pending,,0)",
                    #"(12,streams,empty,"manual activity",0)"#, "(12,summary,landed,,0)",
                ])
        }
    }

    @Test func `an activity listed again unchanged keeps what has landed`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let landed = LedgerChange(activityID: ActivityID(11), endpoint: .detail, state: .landed)
            try await bench.land(listed: [listed(11)], ledger: [landed])
            bench.clock.advance(by: .seconds(60))
            let receipt = try await bench.land(listed: [listed(11)])
            #expect(receipt.newActivities == 0)
            #expect(try await bench.lines(ledger) == ["(11,detail,landed,,0)", "(11,streams,pending,,0)", "(11,summary,landed,,0)"])
            #expect(
                try await bench.value("SELECT extract(epoch FROM last_listed_at - first_listed_at)::int FROM sync.activity", as: Int.self)
                    == 60)
        }
    }

    @Test func `a changed fingerprint makes detail and streams pending again`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let id = ActivityID(11)
            try await bench.land(
                listed: [listed(11), listed(12)],
                ledger: [
                    LedgerChange(activityID: id, endpoint: .detail, state: .landed),
                    LedgerChange(
                        activityID: id, endpoint: .streams, state: .failed, reason: "server_error", nextTryAt: Bench.noon,
                        countsAsAttempt: true),
                ])
            try await bench.land(listed: [listed(11, fingerprint: 2, at: Bench.noon - 5)])
            let lines = try await bench.lines(
                "SELECT endpoint, state, reason, attempts, next_try_at, start_at = '2026-11-23 11:59:55Z' FROM sync.completeness WHERE activity_id = 11 ORDER BY endpoint"
            )
            #expect(lines == [#"(detail,pending,"changed at Strava",0,,t)"#, "(streams,pending,,0,,t)", "(summary,landed,,0,,t)"])
        }
    }

    @Test func `attempts are counted until the endpoint has landed`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let failed = LedgerChange(
                activityID: ActivityID(11), endpoint: .streams, state: .failed, reason: "not ready", nextTryAt: Bench.noon + 300,
                countsAsAttempt: true)
            try await bench.land(listed: [listed(11)], ledger: [failed])
            try await bench.land(ledger: [failed])
            let query = "SELECT state, reason, attempts, next_try_at FROM sync.completeness WHERE endpoint = 'streams'"
            #expect(try await bench.lines(query) == [#"(failed,"not ready",2,"2026-11-23 12:05:00+00")"#])
            try await bench.land(ledger: [LedgerChange(activityID: ActivityID(11), endpoint: .streams, state: .landed)])
            #expect(try await bench.lines(query) == ["(landed,,0,)"])
        }
    }

    @Test func `a gone activity gets a tombstone, and loses it when a list names it again`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land(listed: [listed(11), listed(12)])
            try await bench.land(ledger: [LedgerChange(activityID: ActivityID(11), endpoint: .summary, state: .gone)])
            #expect(try await bench.lines("SELECT activity_id FROM sync.activity WHERE gone_at IS NOT NULL") == ["(11)"])
            #expect(try await bench.lines("SELECT activity_id FROM sync.transform_work") == ["(11)"])
            try await database.query("DELETE FROM sync.transform_work")

            try await bench.land(listed: [listed(11)])
            #expect(try await bench.value("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL", as: Int.self) == 0)
            #expect(try await bench.lines("SELECT activity_id FROM sync.transform_work") == ["(11)"])
            #expect(
                try await bench.lines("SELECT state FROM sync.completeness WHERE activity_id = 11 AND endpoint = 'summary'") == ["(landed)"]
            )
        }
    }

    @Test func `quarantine keeps the reason and counts`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let entry = QuarantineEntry(endpoint: "list", objectID: -5, reason: "id_missing", detail: "element 3", body: [1, 2])
            try await bench.land(quarantine: [entry])
            try await bench.land(quarantine: [entry])
            #expect(
                try await bench.lines("SELECT endpoint, object_id, reason, detail, body, attempts FROM sync.quarantine")
                    == [#"(list,-5,id_missing,"element 3","\\x0102",2)"#])
        }
    }
}
