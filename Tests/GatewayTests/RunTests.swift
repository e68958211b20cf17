import Core
import Foundation
import Identity
import TestKit
import Testing

@testable import Gateway

@Suite struct RunTests {
    private func connected(_ body: (RouterFixture) async throws -> Void) async throws {
        try await RouterFixture.with { router in
            _ = try await router.connect(GatewayFixture.athlete, as: "user-1")
            _ = try await router.connect(GatewayFixture.other, as: "user-2")
            try await router.endTurns()
            try await body(router)
        }
    }

    @Test func `a run is requested, and says how it went`() async throws {
        try await connected { router in
            let asked = try await router.ask("data_run", #"{"data_source":"STRAVA"}"#)
            #expect(asked.status == 200 && asked.text("message") == "Sync requested.")
            let id = try #require(asked.number("run"))
            let schedule = try await router.gateway.database.query(
                "SELECT request ->> 'by', priority FROM sync.schedule WHERE athlete_id = 101")
            #expect(try schedule[0].decode(String.self, Int.self) == ("api", 0))
            let waiting = try await router.run(id, authorization: router.bearer("user-1"))
            #expect(waiting.status == 200 && waiting.text("state") == "waiting" && waiting.number("run") == id)
            router.gateway.clock.advance(by: .seconds(5))
            try await router.endTurns()
            let done = try await router.run(id, authorization: router.bearer("user-1"))
            #expect(done.text("state") == "done" && done.text("requested_at")?.hasPrefix("20") == true)
        }
    }

    @Test func `a run is its athlete's own`() async throws {
        try await connected { router in
            let id = try #require(try await router.ask("data_run").number("run"))
            let foreign = try await router.run(id, authorization: router.bearer("user-2"))
            let none = try await router.run(id + 1, authorization: router.bearer("user-1"))
            #expect(foreign.status == 404 && foreign.text == none.text)
            #expect(try await router.run(id, authorization: router.bearer("user-3")).status == 404)
            #expect(try await router.gateway.get("/v1/runs/\(id)").status == 401)
            for name in ["x", "-1", "99999999999999999999", "1.0", "%00"] {
                let answer = try await router.gateway.get("/v1/runs/\(name)", headers: [("Authorization", router.bearer("user-1"))])
                #expect(answer.status == 404, "\(name)")
            }
        }
    }

    @Test func `whoever asks again while a run waits, or soon after it, gets the same run`() async throws {
        try await connected { router in
            let first = try #require(try await router.ask("data_run").number("run"))
            let again = try await router.ask("data_run")
            #expect(again.number("run") == first && again.text("message") == "A sync has been requested already.")
            router.gateway.clock.advance(by: .seconds(59))
            try await router.endTurns()
            #expect(try await router.ask("data_run").number("run") == first)
            router.gateway.clock.advance(by: .seconds(1))
            #expect(try await router.ask("data_run").number("run") == first + 1)
            #expect(try await router.ask("data_run", as: "user-2").number("run") == first + 2)
        }
    }

    @Test func `after 24 runs in a day the next wait with the ordinary work`() async throws {
        try await connected { router in
            for number in 1...25 {
                _ = try await router.ask("data_run")
                let rows = try await router.gateway.database.query("SELECT priority FROM sync.schedule WHERE athlete_id = 101")
                #expect(try rows[0].decode(Int.self) == (number <= 24 ? 0 : 2), "\(number)")
                router.gateway.clock.advance(by: .seconds(61))
                try await router.endTurns()
            }
        }
    }

    @Test func `a request of the operator that waits is not replaced`() async throws {
        try await connected { router in
            try await router.gateway.database.query("UPDATE sync.schedule SET request = '{\"full\":true,\"by\":\"fitnessctl\",\"at\":1}'")
            #expect(try await router.ask("data_run").status == 200)
            let rows = try await router.gateway.database.query("SELECT request ->> 'by' FROM sync.schedule WHERE athlete_id = 101")
            #expect(try rows[0].decode(String.self) == "fitnessctl")
        }
    }

    @Test func `an API token needs the scope, and a uid an athlete`() async throws {
        try await connected { router in
            let body = #"{"target_api":"data_run","payload":{}}"#
            let read = try await router.post(body, authorization: router.bearer("user-1", [.read]))
            #expect(read.status == 403 && read.number("code") == 403 && read.text("message")?.contains("scope sync") == true)
            #expect(read.headers["WWW-Authenticate"] == "Bearer error=\"insufficient_scope\", scope=\"sync\"")
            let sync = try await router.bearer("user-1", [.sync])
            let id = try #require(try await router.post(body, authorization: sync).number("run"))
            #expect(try await router.run(id, authorization: sync).status == 200)
            #expect(try await router.run(id, authorization: router.bearer("user-1", [.write])).status == 403)
            #expect(try await router.ask("data_run", as: "user-3").status == 404)
        }
    }

    @Test func `a run of an athlete who has to connect again has failed, with what to do`() async throws {
        try await connected { router in
            let id = try #require(try await router.ask("data_run").number("run"))
            try await router.gateway.database.query("UPDATE sync.athlete SET state = 'reconnect', state_reason = 'secret detail'")
            let answer = try await router.run(id, authorization: router.bearer("user-1"))
            #expect(answer.text("state") == "failed" && answer.text("message")?.contains("connect with Strava again") == true)
            #expect(!answer.text.contains("secret"))
        }
    }
}

extension RouterFixture {
    /// Makes the changes of a turn's end for all athletes: their requests are fulfilled.
    fileprivate func endTurns() async throws {
        let now = gateway.clock.now
        try await gateway.database.query(
            "UPDATE sync.schedule SET request = NULL, priority = 2, last_finished_at = \(now), last_error = NULL, due_at = 'infinity'")
    }
}
