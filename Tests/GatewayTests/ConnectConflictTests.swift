import Core
import Database
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// One uid, one athlete.
@Suite struct ConnectConflictTests {
    private let athlete = GatewayFixture.athlete

    @Test func `an athlete with another uid is asked about, and moves when the person agrees`() async throws {
        let log = LogCapture()
        try await withGateway(logger: log.logger) { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let jar = CookieJar()
            let question = try await gateway.connect(athlete, as: "user-2", cookies: jar)
            #expect(question.status == 409 && question.text.contains("Nothing was changed") && question.text.contains("Athlete 1"))
            #expect(!question.text.contains("user-1"))
            #expect(try await gateway.uids == ["101 user-1"])
            let answer = try await gateway.press(question, "move", cookies: jar)
            let page = try await gateway.get(try #require(answer.headers["Location"]), cookies: jar)
            #expect(answer.status == 303 && page.status == 200 && page.text.contains("is connected as <strong>user-2</strong>"))
            #expect(try await gateway.uids == ["101 user-2"])
            #expect(try await gateway.moves == ["101: user-1 > user-2, connect"])
            #expect(log.text.contains("athlete moved to another uid") && log.text.contains("user-1"))
            // The answer counts once, and the link is used up.
            #expect(try await gateway.press(question, "keep", cookies: jar).status == 303)
            #expect(try await gateway.uids == ["101 user-2"])
            #expect(try await gateway.heldCount == 0)
        }
    }

    @Test func `the uid of another athlete is asked about, and the other athlete's record shows who lost it`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let jar = CookieJar()
            let question = try await gateway.connect(GatewayFixture.other, as: "user-1", cookies: jar)
            #expect(question.status == 409 && question.text.contains("Athlete 2"))
            #expect(!question.text.contains("Athlete 1") && !question.text.contains("athlete 101"))
            #expect(try await gateway.uids == ["101 user-1"])
            #expect(try await gateway.tokenCount == 1)
            let page = try await gateway.answer(question, "move", jar)
            #expect(page.text.contains("<h1>Connected</h1>") && page.text.contains("replaced"))
            #expect(try await gateway.uids == ["101 -", "102 user-1"])
            #expect(try await gateway.tokenCount == 2)
            #expect(try await gateway.moves == ["101: user-1 > -, connect"])
        }
    }

    @Test func `both at once are asked about in one question`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            _ = try await gateway.connect(GatewayFixture.other, as: "user-2")
            let jar = CookieJar()
            let question = try await gateway.connect(athlete, as: "user-2", cookies: jar)
            #expect(question.status == 409 && !question.text.contains("user-1") && !question.text.contains("Athlete 2"))
            #expect(try await gateway.answer(question, "move", jar).text.contains("Connected again"))
            #expect(try await gateway.uids == ["101 user-2", "102 -"])
            #expect(try await gateway.moves == ["101: user-1 > user-2, connect", "102: user-2 > -, connect"])
        }
    }

    @Test func `who leaves it as it is changes nothing, and the link stays good`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let link = try gateway.link("user-2")
            let question = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            let page = try await gateway.answer(question, "keep", gateway.cookies)
            #expect(page.status == 200 && page.text.contains("<h1>Nothing was changed</h1>"))
            #expect(try await gateway.uids == ["101 user-1"])
            #expect(try await gateway.moves.isEmpty)
            #expect(try await gateway.heldCount == 0)
            gateway.simulator.autoApprove = .athlete(GatewayFixture.other)
            _ = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            #expect(try await gateway.uids == ["101 user-1", "102 user-2"])
        }
    }

    @Test func `a question is answered in its own browser, with its own form, within ten minutes`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let question = try await gateway.callback(try await gateway.redirectAfterConsent(try gateway.link("user-2")))
            #expect(try await gateway.heldCount == 1)
            let stranger = CookieJar()
            _ = try await gateway.begin(cookies: stranger)
            #expect(try await gateway.press(question, "move", cookies: stranger).status == 400)
            #expect(try await gateway.press(question, "move", cookies: CookieJar()).status == 400)
            let place = try #require(question.text.firstMatch(of: #/action="([^"]*)"/#)).1
            for fields in [[("decision", "move")], [("token", "0"), ("decision", "move")], [("token", ""), ("decision", "steal")]] {
                #expect(try await gateway.post(String(place), fields).status == 400)
            }
            #expect(try await gateway.uids == ["101 user-1"])
            gateway.clock.advance(by: .seconds(600))
            let late = try await gateway.answer(question, "move", gateway.cookies)
            #expect(late.status == 400 && late.text.contains("no longer available"))
            _ = try await gateway.begin(cookies: CookieJar())
            #expect(try await gateway.uids == ["101 user-1"])
            #expect(try await gateway.heldCount == 0)
        }
    }

    @Test func `what changed while the person was asked is asked about anew`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let question = try await gateway.callback(try await gateway.redirectAfterConsent(try gateway.link("user-2")))
            _ = try await gateway.connect(GatewayFixture.other, as: "user-2")
            let again = try await gateway.answer(question, "move", gateway.cookies)
            #expect(again.status == 409 && again.text.contains("Account and name"))
            #expect(try await gateway.uids == ["101 user-1", "102 user-2"])
            #expect(try await gateway.answer(again, "move", gateway.cookies).status == 200)
            #expect(try await gateway.uids == ["101 user-2", "102 -"])
        }
    }

    @Test func `a held grant is sealed and does not replace one that was stored meanwhile`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let question = try await gateway.callback(try await gateway.redirectAfterConsent(try gateway.link("user-2")))
            let rows = try await gateway.database.query(
                "SELECT held_grant, outcome::text FROM sync.connect_state WHERE held_grant IS NOT NULL")
            let (sealed, outcome) = try rows[0].decode([UInt8].self, String.self)
            let stored = String(decoding: sealed, as: UTF8.self) + outcome
            #expect(!stored.contains("access") && !stored.contains("refresh"))
            gateway.clock.advance(by: .seconds(300))
            _ = try await gateway.connect(athlete, as: "user-1")
            let token = try await gateway.vault.accessToken(for: athlete)
            #expect(try await gateway.answer(question, "move", gateway.cookies).text.contains("Connected again"))
            #expect(try await gateway.uids == ["101 user-2"])
            #expect(try await gateway.vault.accessToken(for: athlete) == token)
        }
    }

    @Test func `of many athletes who connect under one uid at once, one gets it`() async throws {
        try await withGateway { gateway in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for athlete in [athlete, GatewayFixture.other, athlete, GatewayFixture.other] {
                    group.addTask { try await gateway.connect(athlete, as: "user-1").status }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 2, 409: 2])
            #expect(try await gateway.uids.count == 1)
        }
    }
}

extension GatewayFixture {
    /// Who has which uid.
    fileprivate var uids: [String] {
        get async throws { try await texts("SELECT athlete_id || ' ' || coalesce(uid, '-') FROM sync.athlete ORDER BY athlete_id") }
    }

    /// The recorded moves.
    fileprivate var moves: [String] {
        get async throws {
            try await texts(
                """
                SELECT athlete_id || ': ' || from_uid || ' > ' || coalesce(to_uid, '-') || ', ' || cause FROM sync.uid_move
                ORDER BY athlete_id, move_id
                """)
        }
    }

    fileprivate var heldCount: Int {
        get async throws { try await database.query("SELECT FROM sync.connect_state WHERE held_grant IS NOT NULL").count }
    }

    /// Answers a question, and returns the page that follows.
    fileprivate func answer(_ question: HTTPResponse, _ decision: String, _ jar: CookieJar) async throws -> HTTPResponse {
        let answer = try await press(question, decision, cookies: jar)
        guard answer.status == 303, let place = answer.headers["Location"] else { throw Unexpected(response: answer) }
        return try await get(place, cookies: jar)
    }

    private func texts(_ sql: SQL) async throws -> [String] { try await database.query(sql).map { try $0.decode(String.self) } }
}
