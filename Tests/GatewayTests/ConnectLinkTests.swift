import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// What a connect link opens, and how long and how often it is good.
@Suite struct ConnectLinkTests {
    private let athlete = GatewayFixture.athlete

    @Test func `a link shows who asks, for what, as whom, and begins nothing`() async throws {
        let who = InstallationOperator(name: "Riverside <Runners>", privacyURL: "https://club.example.org/privacy?a=1&b=2")
        try await withGateway(who: who) { gateway in
            for _ in 0..<3 {
                let page = try await gateway.get(try gateway.link())
                #expect(page.status == 200 && page.headers["Location"] == nil)
                for text in [
                    "Riverside &lt;Runners&gt;", "href=\"https://club.example.org/privacy?a=1&amp;b=2\"", "<strong>user-1</strong>",
                    ">Connect with Strava</button>", "Activities that only you can see", "heart rate and power zones", "positions",
                    "2 Nov 2026, ",
                ] { #expect(page.text.contains(text), "\(text)") }
                #expect(!page.text.contains("<Runners>"))
            }
            #expect(try await gateway.openStateCount == 0)
            #expect(gateway.simulator.requestCount == 0)
        }
    }

    @Test func `without settings the page still says where the data goes`() async throws {
        try await withGateway(publicURL: "https://fit.example.org", admin: .off) { gateway in
            let page = try await gateway.get(try gateway.link())
            #expect(page.text.contains("The operator of fit.example.org") && page.text.contains("Ask the operator of fit.example.org"))
        }
    }

    @Test(arguments: [
        "", "?uid=", "?uid=user-1", "?uid=a%20b", "?uid=%3Cscript%3E", "?uid=\(String(repeating: "u", count: 129))", "?user=1",
        "?uid=user-1&expires=99999999999999999999&link=00&signature=00", "?uid=user-1&expires=-1&link=%00&signature=\u{1F600}",
    ])
    func `a link without a signature leads nowhere, and says whom to ask`(query: String) async throws {
        try await withGateway(who: InstallationOperator(name: "Ann Operator")) { gateway in
            let target = "/connect" + (query.addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed.union(["%", "?"])) ?? "")
            let answers = [try await gateway.get(target), try await gateway.post(target, [("token", "x")])]
            for answer in answers {
                #expect(answer.status == 400 && answer.headers["Location"] == nil)
                #expect(answer.text.contains("not valid") && answer.text.contains("Ann Operator") && !answer.text.contains("<script"))
            }
            #expect(try await gateway.openStateCount == 0)
        }
    }

    @Test func `a link that was changed anywhere is not valid`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link("user-1")
            #expect(try await gateway.get(link).status == 200)
            var changed = [
                link.replacing("user-1", with: "user-2"), link.replacing("uid=user-1", with: "uid=user-1&uid=user-2"),
                link.replacing(#/expires=(\d+)/#) { "expires=\($0.1)0" }, link.replacing(#/&link=../#, with: "&link=0"),
                link.replacing(#/signature=.*/#, with: "signature="), String(link.dropLast()), link + "0",
            ]
            // Each digit of number and signature counts.
            for place in link.indices where place > link.range(of: "&link=")!.upperBound {
                guard link[place].isHexDigit, link[..<place].last != "&" else { continue }
                var other = link
                other.replaceSubrange(place...place, with: link[place] == "0" ? "1" : "0")
                changed.append(other)
            }
            #expect(changed.count > 90)
            for link in changed {
                let page = try await gateway.get(link)
                if page.status == 200 {
                    #expect(page.text.contains("<strong>user-1</strong>") && !page.text.contains("user-2"), "\(link)")
                } else {
                    #expect(page.status == 400, "\(link)")
                }
            }
        }
    }

    @Test func `a link expires, also for a person who has opened it before`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link(lifetime: .seconds(900))
            let page = try await gateway.get(link)
            gateway.clock.advance(by: .seconds(899))
            #expect(try await gateway.get(link).status == 200)
            gateway.clock.advance(by: .seconds(1))
            for answer in [try await gateway.get(link), try await gateway.press(page)] {
                #expect(answer.status == 410 && answer.text.contains("has expired") && answer.text.contains("ask the operator"))
            }
            #expect(try await gateway.openStateCount == 0)
        }
    }

    @Test func `a link is used up when a grant is stored, not when it is opened, denied or refused`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link()
            for approval in [AutoApproval.deny, .athlete(athlete, .read)] {
                gateway.simulator.autoApprove = approval
                _ = try await gateway.callback(try await gateway.redirectAfterConsent(link))
                #expect(try await gateway.get(link).status == 200)
            }
            gateway.simulator.autoApprove = .athlete(athlete)
            gateway.simulator.faults.append(Fault(match: .token, times: 1, response: .html(503)))
            _ = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            #expect(try await gateway.get(link, cookies: CookieJar()).status == 200)
            #expect(try await gateway.callback(try await gateway.redirectAfterConsent(link)).text.contains("<h1>Connected</h1>"))
            for jar in [gateway.cookies, CookieJar()] {
                let page = try await gateway.get(link, cookies: jar)
                #expect(page.status == 410 && page.text.contains("used already") && !page.text.contains("Athlete 1"))
            }
            #expect(try await gateway.get(try gateway.link()).status == 200)
        }
    }

    @Test func `of two people who open one link, the first to come back is connected`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link()
            let (first, second) = (CookieJar(), CookieJar())
            var backs: [(jar: CookieJar, back: String)] = []
            for (jar, athlete) in [(first, athlete), (second, GatewayFixture.other)] {
                let consent = try #require(try await gateway.begin(link, cookies: jar).headers["Location"])
                let answer = try await gateway.get(consent + "&auto_approve=\(athlete)", cookies: jar)
                backs.append((jar, try #require(answer.headers["Location"])))
            }
            #expect(try await gateway.callback(backs[1].back, cookies: second).text.contains("<h1>Connected</h1>"))
            let late = try await gateway.callback(backs[0].back, cookies: first)
            #expect(late.status == 410 && late.text.contains("used already"))
            #expect(try await gateway.tokenCount == 1)
        }
    }

    @Test func `a used link stays used until long after it has expired`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link(lifetime: .seconds(700))
            _ = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            gateway.clock.advance(by: .seconds(1_400))
            _ = try await gateway.begin()
            #expect(try await gateway.usedLinkCount == 1)
            gateway.clock.advance(by: .seconds(3_600))
            _ = try await gateway.begin()
            #expect(try await gateway.usedLinkCount == 0)
            #expect(try await gateway.get(link).text.contains("has expired"))
        }
    }

    @Test func `a button works only in the browser that shows it`() async throws {
        try await withGateway { gateway in
            let page = try await gateway.get(try gateway.link())
            let other = CookieJar()
            _ = try await gateway.get(try gateway.link(), cookies: other)
            for jar in [other, CookieJar()] {
                let answer = try await gateway.press(page, cookies: jar)
                #expect(answer.status == 400 && answer.text.contains("out of date") && answer.text.contains("Begin again"))
            }
            #expect(try await gateway.openStateCount == 0)
            #expect(try await gateway.press(page).status == 303)
            for body in [
                "", "token=", "token=\u{0}&token=1", "token[a]=1", "%%%=%", String(repeating: "token=1&", count: 1_000),
                "token" + String(repeating: "[a]", count: 5_000) + "=1",
            ] {
                let target = gateway.base + (try gateway.link())
                let answer = try await gateway.browser.send(
                    HTTPRequest(method: .post, url: target, headers: gateway.cookies.header, body: Array(body.utf8)))
                #expect(answer.status == 400 && answer.text.contains("out of date"), "\(body.prefix(20))")
            }
        }
    }

    @Test func `only pages with a button let a form go, to us and to Strava`() async throws {
        try await withGateway { gateway in
            func policy(_ target: String) async throws -> String {
                try #require(try await gateway.get(target).headers["Content-Security-Policy"])
            }
            let strava = try #require(gateway.strava.consentOrigin)
            #expect(try await policy(try gateway.link()).contains("form-action 'self' http://127.0.0.1:9 \(strava);"))
            for target in ["/connect", "/oauth/callback", "/style.css", "/nothing-here"] {
                #expect(try await policy(target).contains("form-action 'none'"))
            }
        }
    }

    @Test func `who left boxes unticked may go back for the rest, with the same account only`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link()
            gateway.simulator.autoApprove = .athlete(athlete, [.read, .activityRead])
            let few = try await gateway.callback(try await gateway.redirectAfterConsent(link))
            #expect(few.status == 200 && few.text.contains("privacy zones") && few.text.contains("Allow the rest at Strava"))

            let consent = try #require(try await gateway.press(few, "again").headers["Location"])
            #expect(consent.contains("approval_prompt=force"))
            let denied = try #require(try await gateway.get(consent + "&auto_approve=deny").headers["Location"])
            let still = try await gateway.callback(denied)
            #expect(still.text.contains("You stay connected as before"))

            let more = try #require(try await gateway.press(still, "again").headers["Location"])
            let other = try #require(try await gateway.get(more + "&auto_approve=\(GatewayFixture.other)").headers["Location"])
            #expect(try await gateway.callback(other).text.contains("used already"))

            gateway.simulator.autoApprove = .athlete(athlete)
            let back = try #require(try await gateway.press(few, "again").headers["Location"])
            let all = try await gateway.callback(try #require(try await gateway.get(back).headers["Location"]))
            #expect(all.text.contains("Connected again") && !all.text.contains("left out"))
            #expect(try await gateway.tokenCount == 1)
            #expect(try await gateway.press(few, "again", cookies: CookieJar()).status == 400)
        }
    }
}

extension GatewayFixture {
    fileprivate var usedLinkCount: Int { get async throws { try await database.query("SELECT FROM sync.connect_link").count } }
}
