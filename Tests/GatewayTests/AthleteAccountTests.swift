import Foundation
import TestKit
import Testing

@testable import Gateway

/// What an athlete's pages say where there is nothing yet, and what their forms do.
@Suite struct AthleteAccountTests {
    @Test func `an athlete without data reads why, and when data comes`() async throws {
        try await AthletePageFixture.with { site in
            try await site.gateway.database.withConnection {
                try await $0.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id, uid) VALUES (3, 'u3');
                    INSERT INTO sync.schedule (athlete_id) VALUES (3) ON CONFLICT DO NOTHING;
                    INSERT INTO sync.cursor (athlete_id) VALUES (3) ON CONFLICT DO NOTHING;
                    """)
            }
            let jar = try await AthletePageFixture.signIn(site.gateway, try await site.me.issue("u3", [.read, .position]))
            for path in ["/me", "/me/activities", "/me/account"]
                + ["fitness", "curves", "zones", "records", "calendar", "gear", "map"].map({ "/me/parts/" + $0 })
            {
                let answer = try await site.get(path, cookies: jar)
                #expect(answer.status == 200, "\(path) \(answer.status)")
                #expect(!answer.text.contains("nil") && !answer.text.contains("NaN") && !answer.text.contains("Optional"), "\(path)")
            }
            let page = try await site.get("/me", cookies: jar).text
            #expect(
                page.contains("Your history is loading") && page.contains("First activities in about a minute")
                    && page.contains("No activity yet."))
            try await site.gateway.database.query(
                "UPDATE sync.cursor SET listed_at = now(), history_complete_at = now() WHERE athlete_id = 3")
            try await site.gateway.database.query("INSERT INTO silver.athlete (athlete_id) VALUES (3)")
            let settled = try await site.get("/me", cookies: jar).text
            #expect(settled.contains("No activity at Strava") && !settled.contains("history is loading"))
        }
    }

    @Test func `an athlete with one activity that nothing is known of has a page`() async throws {
        try await AthletePageFixture.with { site in
            try await site.gateway.database.query("DELETE FROM silver.activity WHERE athlete_id = 1 AND activity_id <> 190")
            for path in ["/me", "/me/activities", "/me/activities/190", "/me/parts/efforts?activity=190", "/me/parts/similar?activity=190"]
            {
                let page = try await site.page(path)
                #expect(!page.contains("NaN") && !page.contains("nil"), "\(path)")
            }
            let one = try await site.page("/me/activities/190")
            #expect(one.contains("No date") && one.contains("no date") && one.contains("The course is not here yet"))
        }
    }

    @Test func `the form of the account erases the athlete, and only with its box ticked`() async throws {
        try await AthletePageFixture.with { site in
            let csrf = try await site.csrf("/me/account")
            let unticked = try await site.post("/me/account", [("csrf", csrf)])
            #expect(unticked.status == 400 && unticked.text.contains("Nothing was deleted"))
            #expect(try await site.post("/me/account", [("csrf", "wrong"), ("confirm", "delete")]).status == 403)
            #expect(
                try await site.post("/me/account", [("csrf", csrf), ("confirm", "delete")], origin: "https://evil.example").status == 403)
            #expect(try await site.me.rowCount(of: 1) > 0)
            let ended = try await site.post("/me/account", [("csrf", csrf), ("confirm", "delete")])
            #expect(ended.status == 200 && ended.text.contains("Your data is deleted"))
            #expect(try await site.me.rowCount(of: 1) == 0)
            #expect(try await site.me.rowCount(of: 2) > 0)
            #expect(try await site.get("/me").status == 303)
        }
    }

    @Test func `a session of a token can do what the token allows, and no more`() async throws {
        try await AthletePageFixture.with(scopes: [.read]) { site in
            let csrf = try await site.csrf("/me/account")
            let erased = try await site.post("/me/account", [("csrf", csrf), ("confirm", "delete")])
            #expect(erased.status == 403 && erased.text.contains("without the scope erase"))
            #expect(try await site.post("/me/sync", [("csrf", csrf)]).status == 403)
            #expect(try await site.me.rowCount(of: 1) > 0)
        }
    }

    @Test func `a sync is asked for once in five minutes`() async throws {
        try await AthletePageFixture.with { site in
            let csrf = try await site.csrf("/me/account")
            let first = try await site.post("/me/sync", [("csrf", csrf)])
            #expect(first.status == 303 && first.headers["Location"] == "/me?asked=sync")
            #expect(try await site.page("/me?asked=sync").contains("A sync was asked for"))
            let second = try await site.post("/me/sync", [("csrf", csrf)])
            #expect(second.status == 429 && second.headers["Retry-After"] != nil)
        }
    }

    @Test func `another site's name, or no login for own data, shows nothing`() async throws {
        try await AthletePageFixture.with { site in
            let answer = try await site.gateway.get("/me", headers: [("Host", "evil.example")], cookies: site.jar)
            #expect(answer.status == 421 && !answer.text.contains("Ride"))
        }
    }

    @Test func `an admin looks at an athlete's pages, without their forms`() async throws {
        try await AthletePageFixture.with { site in
            // On this machine looking needs no session; places do.
            for path in ["/athletes/1", "/athletes/1/activities", "/athletes/1/activities/301", "/athletes/1/parts/zones"] {
                let page = try await site.gateway.get(path, cookies: CookieJar())
                #expect(page.status == 200 && !page.text.contains("47.123") && !page.text.contains("href=\"/me"), "\(path) \(page.status)")
                #expect(!page.text.contains("/account") && !page.text.contains("Sync now"), "\(path)")
            }
            #expect(try await site.gateway.get("/athletes/1/data/heat", cookies: CookieJar()).status == 404)
            for path in ["/athletes/99", "/athletes/abc", "/athletes/1/activities/201", "/athletes/1/account"] {
                #expect(try await site.gateway.get(path, cookies: CookieJar()).status == 404, "\(path)")
            }
        }
    }
}
