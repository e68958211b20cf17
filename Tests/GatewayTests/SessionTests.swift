import Core
import Foundation
import HTTPTransport
import Identity
import Sync
import TestKit
import Testing

@testable import Gateway

@Suite struct SessionTests {
    // MARK: Links

    @Test func `an athlete's link opens a session once, and looking at it changes nothing`() async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            let link = try await gateway.athleteLink(1)
            for _ in 0..<3 {
                let page = try await gateway.get("/enter?link=\(link)")
                #expect(page.status == 200 && page.text.contains("Open my page") && page.headers["Set-Cookie"] == nil)
                #expect(page.headers["Referrer-Policy"] == "strict-origin", "the page's address holds the link")
            }
            let head = try await RawClient.ask("HEAD", "/enter?link=\(link)", gateway.base, headers: "X-Test: 1\r\n")
            #expect(head.body.isEmpty)
            let opened = try await gateway.enter(link)
            #expect(opened.status == 303 && opened.headers["Location"] == "/me")
            let cookie = try #require(opened.headers["Set-Cookie"])
            #expect(cookie.hasPrefix("session=") && cookie.contains("; Path=/; ") && cookie.contains("; HttpOnly; SameSite=Lax"))
            #expect(!cookie.contains(link) && cookie.contains("Max-Age=2592000"))
            let again = try await gateway.enter(link, cookies: CookieJar())
            #expect(again.status == 410 && again.headers["Set-Cookie"] == nil && again.text.contains("was used already"))
            let look = try await gateway.get("/enter?link=\(link)", cookies: CookieJar())
            #expect(look.status == 410 && !look.text.contains(link))
        }
    }

    @Test func `a link that expired, was never made or is cut off is refused, and nothing of it is shown`() async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            let link = try await gateway.athleteLink(1)
            gateway.clock.advance(by: .seconds(7 * 86_400))
            for answer in [try await gateway.get("/enter?link=\(link)"), try await gateway.enter(link)] {
                #expect(answer.status == 410 && answer.text.contains("has expired") && !answer.text.contains(link))
            }
            for wrong in [String(repeating: "A", count: 43), String(link.dropLast()), "", "%22%3E%3Cscript%3E", link + "=", "..%2F"] {
                let page = try await gateway.get("/enter?link=\(wrong)")
                #expect(page.status == 400 && page.text.contains("This link is not valid"), "\(wrong)")
                #expect(!page.text.contains("<script>"))
            }
            #expect(try await gateway.get("/enter").status == 400)
            #expect(try await gateway.post("/enter", []).status == 400)
        }
    }

    @Test func `an admin's link lasts ten minutes and its session as long as it says`() async throws {
        try await withGateway { gateway in
            let late = try await gateway.adminLink()
            gateway.clock.advance(by: .seconds(600))
            #expect(try await gateway.enter(late).status == 410)
            let opened = try await gateway.enter(try await gateway.adminLink(lasts_s: 3_600))
            #expect(opened.status == 303 && opened.headers["Location"] == "/")
            #expect(opened.headers["Set-Cookie"]?.hasPrefix("admin-session=") == true)
            let secret = try #require(gateway.cookies.value("admin-session").flatMap { WebSecret($0) })
            let desk = WebSessionDesk(database: gateway.database, clock: gateway.clock)
            #expect(try await desk.session(secret)?.holder == .admin(userID: 1_000, userName: "alice"))
            gateway.clock.advance(by: .seconds(3_600))
            #expect(try await desk.session(secret) == nil)
        }
    }

    @Test func `a link is good at its own listener only`() async throws {
        try await withGateway(admin: .own(ListenAddress(host: "127.0.0.1", port: 0))) { gateway in
            _ = try await gateway.database.query("INSERT INTO sync.athlete (athlete_id, uid) VALUES (1, 'u1')")
            let admin = try #require(gateway.adminBase)
            let (adminLink, athleteLink) = (try await gateway.adminLink(), try await gateway.athleteLink(1))
            #expect(try await gateway.enter(adminLink).status == 400, "an admin's session never begins at the public address")
            #expect(try await gateway.enter(athleteLink, at: admin).status == 400)
            #expect(try await gateway.get("/enter?link=\(adminLink)").status == 400)
            #expect(try await gateway.enter(adminLink, at: admin).status == 303)
            #expect(try await gateway.enter(athleteLink).status == 303)
        }
    }

    @Test func `under https the cookie is of this host alone and never sent without TLS`() async throws {
        try await withGateway(publicURL: "https://fit.example.org", admin: .own(ListenAddress(host: "127.0.0.1", port: 0))) { gateway in
            _ = try await gateway.database.query("INSERT INTO sync.athlete (athlete_id, uid) VALUES (1, 'u1')")
            let opened = try await gateway.enter(
                try await gateway.athleteLink(1), origin: "https://fit.example.org", headers: [("Host", "fit.example.org")])
            let cookie = try #require(opened.headers["Set-Cookie"])
            #expect(cookie.hasPrefix("__Host-session=") && cookie.contains("; Path=/") && cookie.hasSuffix("; Secure"))
            #expect(!cookie.lowercased().contains("domain"))
            let plain = try await gateway.enter(
                try await gateway.athleteLink(1), origin: "http://fit.example.org", headers: [("Host", "fit.example.org")])
            #expect(plain.status == 403, "a page of the same name without TLS is another site")
        }
    }

    // MARK: Other sites

    @Test(arguments: [
        "https://evil.example", "null", "http://127.0.0.1", "http://localhost.evil.example", "http://127.0.0.1:9.evil.example",
    ])
    func `a form of another site changes nothing`(origin: String) async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            let link = try await gateway.athleteLink(1)
            let answer = try await gateway.enter(link, origin: origin)
            #expect(answer.status == 403 && answer.headers["Set-Cookie"] == nil && !answer.text.contains(origin))
            #expect(try await gateway.post("/sign-in", [("token", me.token)], headers: [("Origin", origin)]).status == 403)
            #expect(try await gateway.enter(link, origin: .some(nil), headers: [("Sec-Fetch-Site", "cross-site")]).status == 403)
            #expect(try await gateway.enter(link).status == 303, "the link is still good")
            #expect(try await gateway.post("/sign-out", [("csrf", "x")], headers: [("Origin", origin)]).status == 403)
        }
    }

    /// DNS rebinding: a page of another site gives its own name this machine's address.
    @Test(arguments: ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1].evil.example", ""])
    func `a request under another name is refused`(host: String) async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            let link = try await gateway.athleteLink(1)
            for answer in [
                try await gateway.get("/enter?link=\(link)", headers: [("Host", host)]),
                try await gateway.enter(link, origin: "http://\(host)", headers: [("Host", host)]),
            ] {
                #expect([421, 400].contains(answer.status) && answer.headers["Set-Cookie"] == nil)
                #expect(host.isEmpty || !answer.text.contains(host))
            }
        }
    }

    @Test(arguments: ["127.0.0.1:1", "localhost:8080", "LOCALHOST", "[::1]:8080", "10.0.0.7", "fit.localhost"])
    func `addresses and names of this machine are its own`(host: String) async throws {
        try await MeFixture.with { me in
            let link = try await me.gateway.athleteLink(1)
            let opened = try await me.gateway.enter(link, origin: "http://\(host)", headers: [("Host", host)])
            #expect(opened.status == 303)
        }
    }

    // MARK: Tokens

    @Test func `an API token is exchanged for a cookie, and goes no further than the form's body`() async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            #expect(try await gateway.get("/sign-in?next=%2Fme%2Factivities").text.contains("value=\"/me/activities\""))
            let opened = try await gateway.post("/sign-in", [("token", " \(me.token)\n"), ("next", "/me/activities?sport=run")])
            #expect(opened.status == 303 && opened.headers["Location"] == "/me/activities?sport=run")
            #expect(!opened.head.contains(me.token))
            let desk = WebSessionDesk(database: gateway.database, clock: gateway.clock)
            let secret = try #require(gateway.cookies.value("session").flatMap { WebSecret($0) })
            #expect(try await desk.session(secret)?.holder == .athlete(AthleteID(1), showsPlaces: true))
        }
    }

    @Test(arguments: [
        "//evil.example", "https://evil.example", "/\\evil.example", "/\u{0}", "me", "/a b", "/" + String(repeating: "a", count: 600),
    ])
    func `nobody is sent on to another site`(next: String) async throws {
        try await MeFixture.with { me in
            let opened = try await me.gateway.post("/sign-in", [("token", me.token), ("next", next)])
            #expect(opened.status == 303 && opened.headers["Location"] == "/me")
        }
    }

    @Test func `a token without read, an ended one and a wrong one are refused in words`() async throws {
        try await MeFixture.with { me in
            let writing = try await me.issue("u1", [.write])
            let refused = try await me.gateway.post("/sign-in", [("token", writing)])
            #expect(refused.status == 403 && refused.text.contains("scope read") && refused.headers["Set-Cookie"] == nil)
            #expect(try await me.gateway.post("/sign-in", [("token", "")]).status == 400)
            for wrong in ["fitnessd_x", "<script>alert(1)</script>", String(repeating: "x", count: 9_000)] {
                let answer = try await me.gateway.post("/sign-in", [("token", wrong)])
                #expect(answer.status == 403 && answer.text.contains("no token that holds here") && !answer.text.contains("<script>alert"))
            }
            me.gateway.clock.advance(by: .seconds(30 * 86_400))
            #expect(try await me.gateway.post("/sign-in", [("token", me.token)]).text.contains("has expired"))
        }
    }

    @Test func `who tries many links and tokens has to wait`() async throws {
        try await MeFixture.with { me in
            var last = 0
            for _ in 0..<40 {
                last = try await me.gateway.get("/enter?link=\(String(repeating: "A", count: 43))").status
                if last == 429 { break }
            }
            #expect(last == 429)
            let answer = try await me.gateway.post("/sign-in", [("token", me.token)])
            #expect(answer.status == 429 && Int(answer.headers["Retry-After"] ?? "") != nil)
        }
    }

    // MARK: The end

    @Test func `a session ends with its athlete, with its token, and with the person's word`() async throws {
        try await MeFixture.with { me in
            let gateway = me.gateway
            let desk = WebSessionDesk(database: gateway.database, clock: gateway.clock)
            func open(_ link: String) async throws -> WebSecret {
                let jar = CookieJar()
                _ = try await gateway.enter(link, cookies: jar)
                return try #require(jar.value("session").flatMap { WebSecret($0) })
            }
            let (erased, kept) = (try await open(try await gateway.athleteLink(2)), try await open(try await gateway.athleteLink(1)))
            #expect(try await desk.session(erased) != nil)
            _ = try await gateway.database.query("UPDATE sync.athlete SET state = 'erasing' WHERE athlete_id = 2")
            #expect(try await desk.session(erased) == nil, "an erasure that has begun is enough")
            _ = try await gateway.database.query("DELETE FROM sync.athlete WHERE athlete_id = 2")
            #expect(try await desk.session(erased) == nil)
            #expect(try await desk.session(kept)?.holder == .athlete(AthleteID(1), showsPlaces: true))

            _ = try await gateway.post("/sign-in", [("token", me.token)])
            let byToken = try #require(gateway.cookies.value("session").flatMap { WebSecret($0) })
            #expect(try await desk.session(byToken) != nil)
            let tokens = TokenDesk(database: gateway.database, clock: gateway.clock)
            for entry in try await tokens.list() { _ = try await tokens.revoke(entry.id) }
            #expect(try await desk.session(byToken) == nil)
            #expect(try await desk.session(kept) != nil)

            let jar = CookieJar()
            _ = try await gateway.enter(try await gateway.athleteLink(1), cookies: jar)
            let secret = try #require(jar.value("session").flatMap { WebSecret($0) })
            #expect(try await gateway.post("/sign-out", [("csrf", kept.formToken)], cookies: jar).status == 403, "another session's token")
            let out = try await gateway.post("/sign-out", [("csrf", secret.formToken)], cookies: jar)
            #expect(out.status == 303 && out.headers["Set-Cookie"]?.contains("session=; Path=/; Max-Age=0") == true)
            #expect(try await desk.session(secret) == nil)
            #expect(try await desk.session(kept) != nil)
        }
    }

    @Test func `neither links nor secrets are stored or logged`() async throws {
        let log = LogCapture()
        try await withGateway(logger: log.logger) { gateway in
            _ = try await gateway.database.query("INSERT INTO sync.athlete (athlete_id, uid) VALUES (1, 'u1')")
            let link = try await gateway.athleteLink(1)
            _ = try await gateway.get("/enter?link=\(link)")
            _ = try await gateway.enter(link)
            _ = try await gateway.enter(link)
            let secret = try #require(gateway.cookies.value("session"))
            let rows = try await gateway.database.query("SELECT s::text || n::text FROM sync.web_session s, sync.web_session_athlete n")
            for text in try rows.map({ try $0.decode(String.self) }) + [log.text] {
                #expect(!text.contains(link) && !text.contains(secret), "\(text)")
            }
            #expect(log.text.contains("athlete signed in with a link"))
        }
    }
}

extension GatewayFixture {
    func adminLink(lasts_s: Int = 3_600) async throws -> String {
        let desk = WebSessionDesk(database: database, clock: clock)
        return try await desk.makeAdminLink(lasts_s: lasts_s, userID: 1_000, userName: "alice").secret.secret.reveal()
    }

    func athleteLink(_ athlete: Int64) async throws -> String {
        let desk = WebSessionDesk(database: database, clock: clock)
        let link = try await desk.makeLink(for: AthleteID(athlete), days: 30, userID: 1_000, userName: "alice")
        return try #require(link).secret.secret.reveal()
    }

    /// Presses the button of a link's page. `origin` nil: sends none; by default that of the page.
    func enter(
        _ link: String, at place: String? = nil, origin: String?? = .none, headers: [(name: String, value: String)] = [],
        cookies: CookieJar? = nil
    ) async throws -> HTTPResponse {
        let place = place ?? base
        let sent = origin ?? place
        let fields = (sent.map { [(name: "Origin", value: $0)] } ?? []) + headers
        return try await post(place + "/enter", [("link", link)], headers: fields, cookies: cookies)
    }
}

extension HTTPResponse {
    /// Everything but the body.
    var head: String { "\(headers)" }
}
