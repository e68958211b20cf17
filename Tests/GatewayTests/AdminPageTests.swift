import ControlAPI
import Core
import Foundation
import HTTPTransport
import Identity
import TestKit
import Testing

@testable import Gateway

@Suite struct AdminPageTests {
    private static let looks = ["/", "/parts/athletes", "/live", "/explain/1"]

    private static let rows = """
        INSERT INTO sync.athlete (athlete_id, uid, state, state_reason, scope) VALUES
            (1, 'u1', 'active', NULL, 'read,activity:read,activity:read_all,profile:read_all'),
            (2, 'u2', 'reconnect', 'the refresh token was refused', 'read,activity:read_all'),
            (3, 'u3', 'active', NULL, 'read,activity:read'),
            (4, NULL, 'active', NULL, 'read,activity:read,activity:read_all');
        INSERT INTO sync.schedule (athlete_id, due_at) SELECT athlete_id, '2026-10-26 04:00Z' FROM sync.athlete ON CONFLICT DO NOTHING;
        INSERT INTO sync.cursor (athlete_id, history_complete_at) SELECT athlete_id, '2026-10-25Z' FROM sync.athlete ON CONFLICT DO NOTHING;
        INSERT INTO silver.athlete (athlete_id, first_name, last_name) VALUES (1, '<u>Ada', 'O''Neil" onfocus=x'), (3, 'Cleo', NULL);
        INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint) SELECT 1, n, '2026-10-25Z', sha256('x') FROM generate_series(1, 4) n;
        INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
            SELECT 1, n, e, CASE WHEN n = 4 THEN 'pending' ELSE 'landed' END, '2026-10-25Z' FROM generate_series(1, 4) n, unnest(ARRAY['detail', 'streams']) e;
        INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason) VALUES (4, 'streams', 7, 'length_mismatch');
        """

    private func withAthletes(
        publicURL: String = GatewayFixture.publicURL, admin: GatewayAddresses.Admin = .withWeb, logger: LogCapture? = nil,
        _ body: (GatewayFixture) async throws -> Void
    ) async throws {
        try await withGateway(publicURL: publicURL, admin: admin, logger: logger?.logger ?? quietLogger) { gateway in
            try await gateway.database.withConnection { try await $0.execute(Self.rows) }
            try await body(gateway)
        }
    }

    private func csrf(_ page: HTTPResponse) throws -> String {
        String(try #require(page.text.firstMatch(of: #/name="csrf" value="([0-9a-f]{64})"/#)).1)
    }

    // MARK: Looking

    @Test func `the overview says the state in a sentence, with each trouble and its remedy`() async throws {
        try await withAthletes { gateway in
            let page = try await gateway.get("/")
            #expect(page.status == 200 && page.text.contains("<h1>Running; 3\u{A0}athletes need you</h1>"))
            let todo = try #require(page.text.firstRange(of: #/<ul class="todo">(?s).*?<\/ul>/#)).lowerBound
            let reasons = ["the refresh token was refused", "1\u{A0}answer could not be used", "activity:read_all"]
            let places = try reasons.map { try #require(page.text[todo...].range(of: $0)).lowerBound }
            #expect(places.sorted() == places, "the worst comes first")
            for command in ["fitnessctl athletes connect --uid u2", "fitnessctl quarantine retry 4"] {
                #expect(page.text.contains("<code class=\"remedy\">\(command)</code>"))
            }
            #expect(page.text.contains("75.0<small>") && page.text.contains("6 of 8 answers wanted"))
            #expect(page.text.contains("of 600 calls used") && page.text.contains("of 30,000 calls used"))
        }
    }

    @Test func `names are escaped wherever they stand`() async throws {
        try await withAthletes { gateway in
            for path in ["/", "/parts/athletes", "/explain/1", "/?q=%3Cscript%3Ealert(1)%3C/script%3E%22%27"] {
                let page = try await gateway.get(path)
                #expect(
                    page.status == 200 && !page.text.contains("<u>") && !page.text.contains("<script>") && !page.text.contains("\" onfocus")
                )
            }
            #expect(try await gateway.get("/").text.contains("&lt;u&gt;Ada O&#39;Neil&quot; onfocus=x"))
        }
    }

    @Test func `nothing inline, nothing from elsewhere, and no address in a page that others may see`() async throws {
        try await withAthletes { gateway in
            let page = try await gateway.get("/")
            let policy = try #require(page.headers["Content-Security-Policy"])
            #expect(
                policy
                    == "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
                    + "base-uri 'none'; frame-ancestors 'none'")
            #expect(page.headers["Cache-Control"] == "no-store" && page.headers["Referrer-Policy"] == "same-origin")
            #expect(!page.text.contains("style=\"") && !page.text.contains("://"))
        }
    }

    @Test func `athletes are found by name, number, uid and state, in pages and orders`() async throws {
        try await withAthletes { gateway in
            func found(_ query: String) async throws -> [String] {
                let page = try await gateway.get("/parts/athletes?\(query)")
                #expect(page.status == 200)
                return page.text.matches(of: #/href="\/explain\/(\d+)"/#).map { String($0.1) }
            }
            for (query, numbers) in [
                ("", ["1", "2", "3", "4"]), ("q=cleo", ["3"]), ("q=U2", ["2"]), ("q=4", ["4"]), ("q=%25", []), ("q=%00", []),
                ("state=attention", ["2", "3", "4"]), ("state=reconnect", ["2"]), ("state=nonsense&order=x&page=-3", ["1", "2", "3", "4"]),
            ] as [(String, [String])] {
                #expect(try await found(query) == numbers, "\(query)")
            }
            #expect(try await found("order=activities").first == "1")
            _ = try await gateway.database.query("INSERT INTO sync.athlete (athlete_id) SELECT generate_series(100, 140)")
            for (page, count) in [("2", 20), ("3", 5), ("99999999999", 0)] { #expect(try await found("page=\(page)").count == count) }
            let first = try await gateway.get("/parts/athletes")
            #expect(first.text.contains("1 to 20 of 45") && first.text.contains("href=\"/?page=2#athletes\""))
        }
    }

    /// DNS rebinding: a page of another site gives its own name this machine's address.
    @Test func `under another name nothing is shown`() async throws {
        try await withAthletes { gateway in
            for path in Self.looks + ["/connect-link"] {
                let answer = try await gateway.get(path, headers: [("Host", "evil.example")])
                #expect(answer.status == 421 && !answer.text.contains("Ada") && !answer.text.contains("evil"), "\(path)")
            }
        }
    }

    @Test func `looking needs a session where the installation is public, or the request came through a proxy`() async throws {
        try await withAthletes { gateway in
            for path in Self.looks {
                let answer = try await gateway.get(path, headers: [("X-Forwarded-For", "203.0.113.7")])
                #expect(answer.status == 303 && answer.headers["Location"] == "/sign-in", "\(path)")
            }
        }
        try await withAthletes(publicURL: "https://fit.example.org", admin: .own(ListenAddress(host: "127.0.0.1", port: 0))) { gateway in
            let admin = try #require(gateway.adminBase)
            for path in Self.looks where path != "/live" {
                #expect(try await gateway.get(admin + path).status == 303, "\(path)")
            }
            #expect(try await gateway.get(admin + "/sign-in").text.contains("fitnessctl admin-link"))
            #expect(try await gateway.enter(try await gateway.adminLink(), at: admin).status == 303)
            for path in Self.looks where path != "/live" {
                #expect(try await gateway.get(admin + path).status == 200, "\(path)")
                #expect(try await gateway.get(path).status == 404, "\(path) is not at the public address")
            }
        }
    }

    @Test func `live figures come as events, and end with the daemon`() async throws {
        var reading: Task<String, Never>?
        try await withAthletes { gateway in
            let client = try RawClient(gateway.base)
            client.send("GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            reading = Task { await client.readAll() }
            // The two watchers of the gateway, and the stream.
            await gateway.clock.waitForSleepers(3)
        }
        let text = await reading?.value ?? ""
        #expect(text.contains("Content-Type: text/event-stream") && text.contains("event: figures\ndata: {\"regions\":{"))
        #expect(text.contains("\"live-head\":\"<h1>Running; 3") && !text.contains("csrf"))
    }

    // MARK: Changing

    @Test func `an action needs a session, its form and our own page, and is recorded once under the account`() async throws {
        let log = LogCapture()
        try await withAthletes(logger: log) { gateway in
            let fields = [("athlete", "1")]
            let without = try await gateway.post("/actions/pause", fields)
            #expect(without.status == 403 && without.text.contains("fitnessctl admin-link"))
            _ = try await gateway.enter(try await gateway.adminLink())
            let token = try csrf(try await gateway.get("/"))
            let all = fields + [("csrf", token)]
            for (sent, headers) in [
                (fields, []), (fields + [("csrf", "x")], []), (fields + [("csrf", "")], []),
                (all, [("Origin", "https://evil.example")]), (all, [("Sec-Fetch-Site", "cross-site")]),
            ] as [([(String, String)], [(name: String, value: String)])] {
                #expect(try await gateway.post("/actions/pause", sent, headers: headers).status == 403)
            }
            #expect(try await gateway.post("/actions/pause", all, headers: [("Host", "evil.example")]).status == 421)
            #expect(try await gateway.get("/actions/pause?athlete=1&csrf=\(token)").status == 405)
            #expect(try await gateway.database.query("SELECT FROM sync.audit").isEmpty, "nothing of it was done")

            let done = try await gateway.post("/actions/pause", all)
            #expect(done.status == 303 && done.headers["Location"] == "/?said=pause&athlete=1")
            #expect(try await gateway.get("/?said=pause&athlete=1").text.contains("Athlete 1 is paused."))
            let paused = try await gateway.database.query("SELECT paused_by FROM sync.athlete WHERE paused_until = 'infinity'")
            #expect(try paused.map { try $0.decode(String.self) } == ["alice"])
            let audit = try await gateway.database.query("SELECT user_id, user_name, action, outcome FROM sync.audit")
            #expect(audit.count == 1)
            let (id, name, action, outcome) = try audit[0].decode(Int64.self, String.self, String.self, String.self)
            #expect(id == 1_000 && name == "alice" && action == "pause_athlete" && outcome == "done")
            #expect(!log.text.contains(token))
        }
    }

    @Test func `each button does what it says, for one athlete and for all`() async throws {
        try await withAthletes { gateway in
            _ = try await gateway.enter(try await gateway.adminLink())
            let token = try csrf(try await gateway.get("/"))
            func act(_ name: String, _ fields: [(String, String)] = []) async throws -> HTTPResponse {
                try await gateway.post("/actions/\(name)", [("csrf", token)] + fields)
            }
            #expect(try await act("pause").headers["Location"] == "/?said=pause")
            let page = try await gateway.get("/")
            #expect(page.text.contains("<h1>All syncing is paused</h1>") && page.text.contains("Resume syncing"))
            for (name, fields) in [
                ("resume", []), ("sync", []), ("sync", [("athlete", "1")]), ("pause", [("athlete", "3")]), ("resume", [("athlete", "3")]),
                ("retry", [("athlete", "1")]), ("retry-set-aside", [("athlete", "4")]),
            ] as [(String, [(String, String)])] {
                #expect(try await act(name, fields).status == 303, "\(name) \(fields)")
            }
            for (name, fields) in [
                ("retry", []), ("pause", [("athlete", "x")]), ("pause", [("athlete", "-1")]),
                ("pause", [("athlete", "99999999999999999999")]),
            ] as [(String, [(String, String)])] {
                #expect(try await act(name, fields).status == 400, "\(name) \(fields)")
            }
            #expect(try await act("sync", [("athlete", "999")]).status == 404)
            #expect(try await act("erase", [("athlete", "1")]).status == 404)
            let script = try await gateway.post(
                "/actions/sync", [("csrf", token), ("athlete", "1")], headers: [("Accept", "application/json")])
            #expect(script.status == 200 && script.text == "{\"text\":\"A sync of athlete 1 is asked for.\"}")
            let refused = try await gateway.post("/actions/sync", [("csrf", "x")], headers: [("Accept", "application/json")])
            #expect(refused.status == 403 && refused.text.hasPrefix("{\"text\":\"This page is out of date."))
        }
    }

    @Test func `a connect link is shown once, with its command, and holds`() async throws {
        try await withAthletes { gateway in
            #expect(try await gateway.get("/connect-link").status == 403)
            _ = try await gateway.enter(try await gateway.adminLink())
            let token = try csrf(try await gateway.get("/connect-link"))
            let made = try await gateway.post("/actions/connect", [("csrf", token), ("uid", "mara")])
            #expect(made.status == 200 && made.text.contains("fitnessctl athletes connect --uid mara"))
            let link = String(try #require(made.text.firstMatch(of: #/id="made-link">([^<]+)</#)).1).replacing("&amp;", with: "&")
            #expect(try await gateway.get(link, cookies: CookieJar()).text.contains("Connect your Strava account"))
            for wrong in ["", "a b", "<b>", String(repeating: "a", count: 200)] {
                let answer = try await gateway.post("/actions/connect", [("csrf", token), ("uid", wrong)])
                #expect(answer.status == 400 && !answer.text.contains("<b>"))
            }
        }
    }

    @Test func `signing out ends what the page could do`() async throws {
        try await withAthletes { gateway in
            _ = try await gateway.enter(try await gateway.adminLink())
            let page = try await gateway.get("/")
            let token = try csrf(page)
            #expect(page.text.contains("Signed in as alice") && page.text.contains("action=\"/sign-out\""))
            #expect(try await gateway.post("/sign-out", [("csrf", token)]).status == 303)
            #expect(try await gateway.post("/actions/pause", [("csrf", token)]).status == 403)
            #expect(try await !gateway.get("/").text.contains("csrf"))
        }
    }

    @Test func `an athlete's page and session have no say here`() async throws {
        try await withAthletes { gateway in
            _ = try await gateway.enter(try await gateway.athleteLink(1))
            let secret = try #require(gateway.cookies.value("session").flatMap { WebSecret($0) })
            #expect(try await gateway.post("/actions/pause", [("csrf", secret.formToken)]).status == 403)
            let forged = CookieJar()
            forged.set("admin-session", secret.secret.reveal())
            #expect(try await gateway.post("/actions/pause", [("csrf", secret.formToken)], cookies: forged).status == 403)
        }
    }
}

@Suite struct AdminTextTests {
    @Test func `numbers and times have one form`() throws {
        let now = Date(timeIntervalSince1970: 1_796_000_000)
        #expect(AdminText.number(1_234_567) == "1,234,567" && AdminText.number(-7) == "\u{2212}7" && AdminText.number(0) == "0")
        #expect(
            AdminText.share(999, of: 1_000) == "99.9" && AdminText.share(9_999, of: 10_000) == "99.9" && AdminText.share(2, of: 2) == "100")
        #expect(AdminText.width(1, of: 3) == "33.33" && AdminText.width(.nan, of: 1) == "0" && AdminText.width(9, of: 3) == "100.00")
        #expect(
            AdminText.span(2.14) == "2.1\u{A0}s" && AdminText.span(52) == "52\u{A0}s" && AdminText.span(11_400) == "3\u{A0}h 10\u{A0}min")
        #expect(AdminText.relative(now.addingTimeInterval(-720), now: now) == "12\u{A0}min ago")
        #expect(AdminText.instant(now.addingTimeInterval(-86_400 * 400), now: now).hasSuffix(String(AdminText.clock(now).prefix(5))))
        #expect(AdminText.bytes(8_400_000_000).value == "8.4" && AdminText.bytes(0).unit == "B")
        #expect(
            AdminText.athlete(7, first: " ", last: nil) == "Athlete 7"
                && AdminText.athlete(7, first: "Ada\u{202E}", last: "L") != "Ada\u{202E} L")
    }

    @Test func `silver's lag is the worst of each five minutes of a day`() {
        let lag = SilverLag()
        let start = Date(timeIntervalSince1970: 1_796_000_400)
        for n in 0..<1_000 { lag.note(n == 7 ? 40 : 2, at: start.addingTimeInterval(Double(n) * 10)) }
        let figures = lag.figures
        #expect(figures.points.count == 34 && figures.points[0].lag_s == 40 && figures.points[1].lag_s == 2)
        #expect(figures.now_s == 2 && figures.most_s == 2)
        lag.note(1, at: start.addingTimeInterval(2 * 86_400))
        #expect(lag.figures.points.count == 1)
        let shown = ShownLag(figures, now: start.addingTimeInterval(10_000))
        #expect(shown.hasPlot && shown.line.hasPrefix("M0 33.3 ") && shown.worst == "40\u{A0}s")
    }

    @Test func `a bar's parts add up to the limit`() {
        for (used, reserved, kept) in [(0, 0, 30), (590, 12, 60), (600, 0, 0), (700, 5, 9), (3, 3, 0)] {
            let window = QuotaWindowMessage(
                window: "quarter_hour", limit: 600, overallLimit: 600, readLimit: nil, used: used, foreign: 0, reserved: reserved,
                kept: kept,
                exhausted: false, resetsAt: Date(timeIntervalSince1970: 772))
            let shown = ShownQuota(window, now: Date(timeIntervalSince1970: 0))
            let counts = shown.keys.compactMap { Int($0.count) }
            #expect(counts.reduce(0, +) == 600 || used > 600, "\(counts)")
            #expect(shown.resets == "resets in 12:52")
        }
    }
}
