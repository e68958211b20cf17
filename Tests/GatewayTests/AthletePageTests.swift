import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Gateway

/// An athlete's pages, asked over HTTP.
@Suite struct AthletePageTests {
    private static let parts = ["fitness", "volume", "curves", "zones", "records", "calendar", "gear", "map", "activities"]

    @Test func `without a session pages lead to the form, and fragments are refused`() async throws {
        try await AthletePageFixture.with { site in
            let stranger = CookieJar()
            let page = try await site.get("/me/activities?q=hills&sport=run", cookies: stranger)
            #expect(page.status == 303)
            #expect(page.headers["Location"] == "/sign-in?next=%2Fme%2Factivities%3Fq%3Dhills%26sport%3Drun")
            for path in ["/me/parts/zones", "/me/data/heat"] {
                #expect(try await site.get(path, cookies: stranger).status == 401, "\(path)")
            }
            #expect(try await site.get("/me/parts/zones?frame=yes", cookies: stranger).status == 303)
            #expect(try await site.get("/me/account", cookies: stranger).status == 303)
        }
    }

    @Test func `the first view has the figures that silver has`() async throws {
        try await AthletePageFixture.with { site in
            let page = try await site.page("/me")
            // Fitness 72.4 and fatigue 96.6 are written 72 and 97, and the form beside them is their difference.
            let figures = try #require(page.components(separatedBy: "<dl class=").last?.components(separatedBy: "</dl>").first)
            for text in [">72<", ">97<", ">\u{2212}25<", "building", "+2 in 4 weeks"] { #expect(figures.contains(text), "\(text)") }
            #expect(page.contains("28 activities since Jan 2026"))
            #expect(page.contains("Times are Europe/London, weeks from Monday") && page.contains("Data from Strava"))
            #expect(page.contains("Fitness rose from") && page.contains("Source: power 100"))
            #expect(page.components(separatedBy: "data-part=").count - 1 == 7)
            #expect(page.utf8.count < 30_000, "\(page.utf8.count) bytes")
        }
    }

    @Test func `each fragment is a card, and a page of its own for browsers without scripts`() async throws {
        try await AthletePageFixture.with { site in
            for part in Self.parts {
                let card = try await site.page("/me/parts/\(part)")
                #expect(
                    card.hasPrefix("<section ") && card.contains("id=\"\(part)\"") && card.contains("</section>"),
                    "\(part): \(card.prefix(80))")
                #expect(!card.contains("class=\"empty\""), "\(part) is empty")
                let framed = try await site.page("/me/parts/\(part)?frame=yes")
                #expect(framed.hasPrefix("<!doctype html>") && framed.contains("id=\"\(part)\""), "\(part)")
            }
            #expect(try await site.get("/me/parts/nothing").status == 404)
            #expect(try await site.page("/me/parts/zones").contains("128 to 145"))
            let records = try await site.page("/me/parts/records")
            #expect(records.contains("5\u{A0}km run") && records.contains("19:10") && records.contains("20\u{A0}min power"))
            let gear = try await site.page("/me/parts/gear")
            #expect(gear.contains("5,000\u{A0}km") && gear.contains("replace soon"))
        }
    }

    @Test func `a history that is loading says when it will be here, as the operator's page does`() async throws {
        try await AthletePageFixture.with { site in
            let database = site.gateway.database
            #expect(!(try await site.page("/me").contains("Your history is loading")))
            try await database.withConnection {
                try await $0.execute(
                    """
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
                        SELECT 1, 2000 + n, '2020-01-01Z', sha256('x') FROM generate_series(1, 400) AS n;
                    INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
                        SELECT 1, 2000 + n, e, 'pending', '2020-01-01Z' FROM generate_series(1, 400) AS n, unnest(ARRAY['detail', 'streams']) AS e;
                    """)
            }
            let page = try await site.page("/me")
            #expect(page.contains("Your history is loading") && page.contains("All of it should be here in about"), "\(Self.bar(page))")
            try await database.query("UPDATE sync.cursor SET history_complete_at = NULL WHERE athlete_id = 1")
            let unread = try await site.page("/me")
            #expect(unread.contains("once the whole list is read") && !unread.contains("All of it should be"), "\(Self.bar(unread))")
            try await database.query("INSERT INTO sync.setting (key, value) VALUES ('paused_until', '\"infinity\"')")
            let paused = try await site.page("/me")
            #expect(paused.contains("Reading is paused by the operator"), "\(Self.bar(paused))")
        }
    }

    private static func bar(_ page: String) -> String {
        page.firstMatch(of: #/<div id="page-bar">(?s)(.*?)<main|<dl/#).map { String($0.0) } ?? ""
    }

    @Test func `the table behind a chart of the first view comes when it is asked for, with or without scripts`() async throws {
        try await AthletePageFixture.with { site in
            let page = try await site.page("/me?weeks=26")
            #expect(!page.contains("<table") && page.contains("data-table=\"/me/parts/volume?weeks=26&amp;table=yes\""))
            #expect(page.contains("/assets/style.css") && !page.contains("more.css"))
            for part in ["fitness", "volume", "curves"] {
                #expect(!(try await site.page("/me/parts/\(part)").contains("<table")), "\(part)")
                let framed = try await site.page("/me/parts/\(part)?table=yes&frame=yes")
                #expect(framed.contains("<table") && framed.contains("/assets/more.css"), "\(part)")
            }
            let volume = try await site.page("/me/parts/volume?weeks=26&table=yes")
            #expect(volume.components(separatedBy: "<tr>").count - 1 == 27 && !volume.contains("data-table"))
        }
    }

    @Test func `text that somebody else wrote is escaped and bounded on each page`() async throws {
        try await AthletePageFixture.with { site in
            let pages = ["/me", "/me/activities", "/me/activities/301", "/me/activities/302", "/me/activities/303", "/me/account"]
            for path in pages + Self.parts.map({ "/me/parts/" + $0 }) {
                let page = try await site.page(path)
                #expect(
                    !page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("<u>") && !page.contains("\u{202E}"),
                    "\(path)")
                #expect(
                    !page.contains("\" onmouseover") && !page.contains("\"\u{301}") && !page.contains("WWWWWWWWWW".repeated(20)), "\(path)")
            }
            #expect(try await site.page("/me").contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onmouseover=&quot;x"))
            let one = try await site.page("/me/activities/301")
            #expect(one.contains("Garmin &lt;Edge&gt; 540") && one.contains("Lap &lt;1&gt;") && one.contains(">View on Strava</a>"))
        }
    }

    @Test func `an activity of another athlete is not there, by whatever address`() async throws {
        try await AthletePageFixture.with { site in
            #expect(try await site.get("/me/activities/201").status == 404)
            for text in ["0", "-1", "999999999999999999", "99999999999999999999999", "abc", "301x", "%2e%2e", "١"] {
                let answer = try await site.get("/me/activities/\(PercentTest.coded(text))")
                #expect(answer.status == 404 && !answer.text.contains("999999"), "\(text): \(answer.status)")
            }
            for part in ["efforts", "similar"] {
                #expect(try await site.get("/me/parts/\(part)?activity=201").status == 404)
                #expect(try await site.get("/me/parts/\(part)").status == 404)
                #expect(try await site.page("/me/parts/\(part)?activity=301").contains("id=\"\(part)\""))
            }
            let list = try await site.page("/me/activities")
            #expect(!list.contains("of 2"))
        }
    }

    @Test func `no place is shown to a session without the right to see places`() async throws {
        try await AthletePageFixture.with(scopes: [.read]) { site in
            for path in [
                "/me", "/me/activities", "/me/activities/301", "/me/parts/activities", "/me/parts/map", "/me/parts/similar?activity=301",
            ] {
                let page = try await site.page(path)
                for mark in ["47.123", "8.987", "47123", "137123188987", "Hiddentown", "Town1"] {
                    #expect(!page.contains(mark), "\(path): \(mark)")
                }
            }
            #expect(try await site.get("/me/data/heat").status == 404)
            #expect(try await site.page("/me/activities/301").contains("Places are not shown"))
        }
        try await AthletePageFixture.with { site in
            let (activity, heat) = (try await site.page("/me/activities/301"), try await site.page("/me/data/heat"))
            // Cell 137123188987: latitude 47.123, longitude 8.987.
            #expect(activity.contains("[47.123,8.987]") && heat.contains("47123,8987,"))
        }
    }

    @Test func `the list comes in pages both ways that leave nothing out`() async throws {
        try await AthletePageFixture.with { site in
            // A page ends between the rows that two sources have of one activity.
            try await site.gateway.database.query("INSERT INTO silver.athlete (athlete_id, source_id) VALUES (1, 3)")
            try await site.gateway.database.query(
                """
                INSERT INTO silver.activity
                    (athlete_id, source_id, activity_id, name, sport_type, start_at, start_date_local, has_detail, transform_version)
                SELECT 1, s, 1000 + n, 'Old ' || n, 'Swim', '2020-01-01Z'::timestamptz + n * interval '1 hour',
                       '2020-01-01'::timestamp + n * interval '1 hour', false, 1
                FROM generate_series(1, 100) AS n CROSS JOIN (VALUES (1), (3)) AS v(s)
                """)
            var (seen, path, pages): ([String], String?, [String]) = ([], "/me/activities", [])
            while let next = path {
                let page = try await site.page(next)
                pages.append(next)
                seen += AthletePageFixture.numbers(in: page)
                path = AthletePageFixture.link("next", in: page)
            }
            #expect(seen.count == 228 && Set(seen).count == 128 && seen.first == "301" && seen.last == "190" && pages.count == 5)
            #expect(seen[49] == seen[50])
            let back = AthletePageFixture.link("prev", in: try await site.page(pages[2]))
            let middle = try await site.page(try #require(back))
            #expect(AthletePageFixture.numbers(in: middle) == Array(seen[50..<100]))
        }
    }

    @Test(arguments: [("3e38", "32767", "2147483647"), ("-3e38", "-32768", "-2147483648"), ("1e-38", "0", "0")])
    func `streams of the largest numbers leave a page, not a crash`(real: String, small: String, whole: String) async throws {
        try await AthletePageFixture.with { site in
            func filled(_ names: [String], _ value: String, _ type: String) -> String {
                names.map { "\($0) = array_fill(\(value)::\(type), ARRAY[cardinality(time_s)])" }.joined(separator: ", ")
            }
            let sets = [
                filled(["distance_m", "altitude_m", "velocity_mps", "grade_percent"], "'\(real)'", "real"),
                filled(["heartrate_bpm", "cadence_rpm", "power_w"], "'\(small)'", "smallint"),
                filled(["latitude_e6", "longitude_e6"], "'\(whole)'", "integer"),
            ]
            try await site.gateway.database.query("UPDATE silver.activity_stream SET \(raw: sets.joined(separator: ", "))")
            for activity in [301, 303] {
                let page = try await site.page("/me/activities/\(activity)")
                #expect(!page.contains("inf<") && !page.contains("nan") && !page.contains("infinity"), "\(activity)")
            }
        }
    }

    @Test func `the search filters, and says what it can't read`() async throws {
        try await AthletePageFixture.with { site in
            func found(_ query: String) async throws -> [String] {
                AthletePageFixture.numbers(in: try await site.page("/me/activities?" + query))
            }
            #expect(try await found("q=ride+1") == (310...319).map(String.init))
            #expect(try await found("q=%25").isEmpty)
            #expect(try await found("q=_").isEmpty)
            // Of the new ones every third is a run.
            #expect(try await found("sport=run&min=9") == ["303", "306", "309", "312", "315", "318"])
            #expect(try await found("after=2026-01-01&before=2026-01-01") == ["107", "106", "105", "104", "103", "102", "101"])
            let odd = try await site.page("/me/activities?after=yesterday&min=-1&sport=%3Cb%3E&older=1.2.3")
            #expect(
                odd.contains("can&#39;t be read: the sport, the first day, the distance.") && !odd.contains("yesterday")
                    && !odd.contains("<b>"))
            let none = try await site.page("/me/activities?q=nothing-like-this")
            #expect(none.contains("Nothing matches") && none.contains("Clear the filter"))
        }
    }

    @Test func `miles appear in all places at once`() async throws {
        try await AthletePageFixture.with { site in
            try await site.gateway.database.query("UPDATE silver.athlete SET measurement_system = 'feet' WHERE athlete_id = 1")
            let pages = [
                "/me?volume=distance", "/me/activities", "/me/activities/301", "/me/activities/303", "/me/parts/gear", "/me/parts/records",
                "/me/parts/curves?curve=pace", "/me/parts/efforts?activity=303", "/me/parts/similar?activity=301",
            ]
            for path in pages {
                let page = try await site.page(path)
                #expect(
                    !page.contains("\u{A0}km") && !page.contains("/km") && !page.contains("\u{A0}m<") || path.contains("records")
                        || path.contains("curves") || path.contains("efforts"), "\(path)")
            }
            // 40 km are 24.9 mi, 11.1 m/s are 24.8 mph, 400 m are 1,312 ft.
            let one = try await site.page("/me/activities/301")
            #expect(one.contains("24.9<small>\u{A0}mi") && one.contains("24.8<small>\u{A0}mph") && one.contains("1,312<small>\u{A0}ft"))
            #expect(try await site.page("/me/activities/303").contains("/mi"))
        }
    }

    @Test func `what the address can't mean is left out with a sentence`() async throws {
        try await AthletePageFixture.with { site in
            let page = try await site.page("/me?fitness=%22%3E%3Cb%3E&volume=hours&volume=load")
            #expect(page.contains("Part of the address is not understood") && !page.contains("\"><b>"))
            #expect(try await site.page("/me?fitness=all&volume=climb&weeks=52").contains("Climb in metres"))
        }
    }

    @Test func `an address with over 50 fields, or a damaged one, is refused`() async throws {
        try await AthletePageFixture.with { site in
            let fields = (1...50).map { "x\($0)=1" }.joined(separator: "&")
            #expect(try await site.get("/me?" + fields).status == 200)
            for query in [fields + "&x51=1", "q=%", "q=%ff", "%zz=1"] {
                for path in ["/me", "/me/activities", "/me/parts/zones"] {
                    let answer = try await site.get("\(path)?\(query)")
                    #expect(answer.status == 400 && answer.text.contains("This address can&#39;t be read"), "\(path)?\(query)")
                }
            }
        }
    }

    @Test func `a query is read as a form: names and values in their order, with spaces as plus signs`() throws {
        let pairs = try #require(PageForm.pairs("q=hill+reps%21&sport=&&q=b=c&bare"))
        #expect(pairs.map { "\($0.0)|\($0.1)" } == ["q|hill reps!", "sport|", "q|b=c", "bare|"])
        #expect(PageForm.pairs("")?.isEmpty == true)
        #expect(PageForm("q=one&q=two&empty=")?["q"] == "one" && PageForm("empty=")?["empty"] == nil)
    }
}

extension String {
    fileprivate func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}

private enum PercentTest {
    static func coded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-%"))) ?? text
    }
}
