import Core
import Foundation
import HTTPTransport
import Identity
import TestKit
import Testing

@testable import Gateway

/// The routes of `/v1/me` that change something, and what they say when they can't.
@Suite struct MeChangeTests {
    @Test func `a threshold is set, replaced, shown and removed by the athlete, and silver has work`() async throws {
        try await MeFixture.with { me in
            let set = try await me.ask(
                "/thresholds", .put, body: #"{"metric":"power","value":285,"sport":"ride","valid_from":"2026-01-05"}"#)
            #expect(
                set.status == 200 && set.text.contains(#""value":285"#) && set.text.contains(#""valid_from":"2026-01-05""#), "\(set.text)")
            let work = try await me.gateway.database.query("SELECT athlete_id FROM sync.transform_work")
            #expect(try work.map { try $0.decode(Int64.self) } == [1])
            _ = try await me.ask("/thresholds", .put, body: #"{"metric":"power","value":290.5,"valid_from":"2026-01-05"}"#)
            let shown = try #require(try await me.json("/thresholds")["set"] as? [[String: Any]])
            #expect(shown.count == 1 && shown[0]["value"] as? Double == 290.5 && shown[0]["unit"] as? String == "W")
            let other = try await me.json("/thresholds", token: try await me.issue("u2", [.read]))
            #expect((other["set"] as? [Any])?.isEmpty == true)
            let removed = try await me.ask("/thresholds", .put, body: #"{"metric":"power","value":null}"#)
            #expect(removed.status == 200 && removed.text.contains("\"set\":[]"))
            let again = try await me.ask("/thresholds", .put, body: #"{"metric":"power","value":null}"#)
            #expect(again.status == 404 && again.text.contains("No such threshold"))
        }
    }

    private static let badBodies = [
        "", "{", "[]", "null", "{}", #"{"metric":"power"}"#, #"{"metric":"power","value":"285"}"#, #"{"metric":"power","value":true}"#,
        #"{"metric":"power","value":1e400}"#, #"{"metric":"power","value":-5}"#, #"{"metric":"power","value":99999}"#,
        #"{"metric":"Sesame9","value":285}"#, #"{"metric":"power","value":285,"sport":"Sesame9"}"#,
        #"{"metric":"power","value":285,"sport":7}"#,
        #"{"metric":"power","value":285,"valid_from":"2026-02-30"}"#, #"{"metric":"power","value":285,"valid_from":"9999-01-01"}"#,
        #"{"metric":"power","value":285,"Sesame9":1}"#, #"{"metric":["power"],"value":285}"#, "\u{FEFF}{}",
        "{\"metric\":\"power\\ud800\",\"value\":1}",
    ]

    @Test func `a threshold that can't be set is refused with a sentence, and nothing changes`() async throws {
        try await MeFixture.with { me in
            for body in Self.badBodies {
                let answer = try await me.ask("/thresholds", .put, body: body)
                #expect(
                    answer.status == 400 && answer.text.contains("bad_request") && !answer.text.contains("Sesame9"),
                    "\(body): \(answer.text)")
            }
            #expect(try await me.gateway.database.query("SELECT FROM sync.athlete_threshold").isEmpty)
        }
    }

    @Test func `each change needs its scope`() async throws {
        try await MeFixture.with { me in
            let blind = try await me.issue("u1", [.read, .position, .erase])
            let body = #"{"metric":"power","value":285}"#
            for (path, method, scope) in [("/thresholds", HTTPMethod.put, "write"), ("/sync", .post, "sync")] {
                let answer = try await me.ask(path, method, token: blind, body: body)
                #expect(answer.status == 403 && answer.text.contains("the scope \(scope)"), "\(path): \(answer.text)")
            }
            let writer = try await me.issue("u1", [.write])
            for path in MeTests.reading + ["/export"] {
                #expect(try await me.ask(path, token: writer).status == 403, "\(path)")
            }
            #expect(try await me.gateway.database.query("SELECT FROM sync.athlete_threshold").isEmpty)
        }
    }

    @Test func `a sync is requested of the own athlete, and not again within five minutes`() async throws {
        try await MeFixture.with { me in
            let first = try await me.ask("/sync", .post)
            #expect(first.status == 202 && first.text.hasPrefix("{\"run\":"), "\(first.text)")
            let asked = try await me.gateway.database.query("SELECT athlete_id FROM sync.schedule WHERE request IS NOT NULL")
            #expect(try asked.map { try $0.decode(Int64.self) } == [1])
            let second = try await me.ask("/sync", .post)
            #expect(second.status == 429 && second.headers["Retry-After"] == "300" && second.text.contains("too_soon"))
            #expect(try await me.ask("/sync", .post, token: try await me.issue("u2", [.sync])).status == 202)
            me.gateway.clock.advance(by: .seconds(301))
            #expect(try await me.ask("/sync", .post).status == 202)
        }
    }

    @Test func `an athlete erases themselves with the scope erase alone, and their token with it`() async throws {
        try await MeFixture.with { me in
            let refused = try await me.ask("", .delete)
            #expect(refused.status == 403 && refused.text.contains("the scope erase"))
            let before = try await me.rowCount(of: 2)
            let eraser = try await me.issue("u1", [.erase])
            let erased = try await me.ask("", .delete, token: eraser)
            #expect(
                erased.status == 200 && erased.text.contains("\"erasure_id\":\"") && erased.text.contains("\"erased_at\":\""),
                "\(erased.text)")
            #expect(try await me.rowCount(of: 1) == 0)
            #expect(try await me.rowCount(of: 2) == before)
            for token in [eraser, me.token] { #expect(try await me.ask("", token: token).status == 401) }
            #expect(try await me.ask("", .delete, token: eraser).status == 401)
        }
    }

    @Test func `without the reader's login 503 says what to do, and thresholds stay unchanged`() async throws {
        try await withGateway { gateway in
            try await gateway.database.query("INSERT INTO sync.athlete (athlete_id, uid) VALUES (1, 'u1')")
            let desk = TokenDesk(database: gateway.database, clock: gateway.clock)
            let uid = try #require(UID("u1"))
            let token = try #require(try await desk.issue(uid, days: 1, scopes: [.read, .write])).token.secret.reveal()
            for path in MeTests.reading + ["/export"] {
                let answer = try await gateway.get("/v1/me" + path, headers: [("Authorization", "Bearer \(token)")])
                #expect(answer.status == 503 && answer.text.contains("FITNESSD_READER_DATABASE_URL"), "\(path): \(answer.status)")
            }
        }
    }

    @Test func `a reader that can't be bound is 503, and says nothing of the database`() async throws {
        try await MeFixture.with { me in
            #expect(try await me.ask("/activities").status == 200)
            try await me.gateway.database.query("UPDATE sync.reader_key SET inner_pad = outer_pad")
            let answer = try await me.ask("/activities")
            #expect(answer.status == 503 && answer.text.contains("\"unavailable\"") && !answer.text.contains("DATABASE"), "\(answer.text)")
        }
    }

    @Test func `an athlete who was erased in between has no data`() async throws {
        try await MeFixture.with { me in
            let caller = try await me.ask("")
            #expect(caller.status == 200)
            try await me.gateway.database.query("DELETE FROM sync.athlete WHERE athlete_id = 1")
            #expect(try await me.ask("").status == 401)
        }
    }
}
