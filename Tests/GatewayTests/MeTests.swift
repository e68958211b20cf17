import Core
import Foundation
import HTTPTransport
import Identity
import TestKit
import Testing

@testable import Gateway

/// `/v1/me`, asked over HTTP.
@Suite struct MeTests {
    static let reading = [
        "", "/activities", "/activities/101", "/activities/101/streams", "/summary", "/fitness?from=2026-01-01&to=2026-01-10",
        "/power-curve",
        "/records", "/thresholds",
    ]

    @Test func `without a good token nothing is shown, and a refusal echoes nothing`() async throws {
        try await MeFixture.with { me in
            for path in Self.reading + ["/export", "/nothing-here"] {
                for authorization in [nil, "Bearer", "Basic abc", "Bearer sesame-9f", "Bearer " + String(repeating: "z", count: 7_000)] {
                    let headers = authorization.map { [("Authorization", $0)] } ?? []
                    let answer = try await me.gateway.get("/v1/me" + path, headers: headers)
                    let isKnown = path != "/nothing-here"
                    #expect(answer.status == (isKnown ? 401 : 404), "\(path) \(answer.status)")
                    #expect(!isKnown || answer.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
                    #expect(answer.headers["Content-Type"] == "application/json" && answer.headers["Cache-Control"] == "no-store")
                    #expect(
                        answer.text.hasPrefix("{\"error\":{\"code\":\"") && !answer.text.contains("sesame") && !answer.text.contains("zzz"))
                }
            }
        }
    }

    @Test func `each caller sees their own data alone, whatever number they ask for`() async throws {
        try await MeFixture.with { me in
            let two = try await me.issue("u2", [.read, .position])
            let (mine, theirs) = (try await me.json(""), try await me.json("", token: two))
            #expect(mine["id"] as? Int == 1 && mine["first_name"] as? String == "Name1" && mine["uid"] as? String == "u1")
            #expect(theirs["id"] as? Int == 2 && theirs["city"] as? String == "Town2")
            for path in ["/activities/101", "/activities/101/streams"] {
                #expect(try await me.ask(path).status == 200)
                #expect(try await me.ask(path, token: two).status == 404)
            }
            let list = try await me.ask("/activities?limit=200", token: two).text
            #expect(list.contains("of 2") && !list.contains("of 1"))
            let fitness = try await me.ask("/fitness?from=2026-01-01&to=2026-01-10", token: two).text
            #expect(fitness.contains("\"load\":80") && !fitness.contains("\"load\":40,"))
        }
    }

    @Test func `no place is shown without the scope position, on any route`() async throws {
        try await MeFixture.with { me in
            let blind = try await me.issue("u1", [.read])
            let marks = [
                "47.12", "8.987", "latlng", "latitude", "longitude", "poly", "Hiddentown", "location_", "Town1", "Land1", "Secret hill",
                "segment_",
            ]
            for path in Self.reading {
                let text = try await me.ask(path, token: blind).text
                for mark in marks { #expect(!text.contains(mark), "\(path) shows \(mark)") }
            }
            let refused = try await me.ask("/activities/101/streams?keys=time_s,latlng", token: blind)
            #expect(refused.status == 403 && refused.text.contains("scope_missing") && refused.text.contains("scope position"))
            let full = try await me.ask("/activities/101").text
            for mark in ["47.123", "defpoly", "Secret hill", "Hiddentown"] { #expect(full.contains(mark), "\(mark)") }
            let streams = try await me.ask("/activities/101/streams?max_points=2").text
            #expect(streams.contains("\"latlng\":[[47.123,8.987],[47.127999,8.991999]]"), "\(streams)")
        }
    }

    @Test func `the list comes in pages that leave nothing out, newest first, those without a date last`() async throws {
        try await MeFixture.with { me in
            var (seen, cursor): ([Int], String?) = ([], nil)
            repeat {
                let page = try await me.json("/activities?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""))
                seen += try #require(page["activities"] as? [[String: Any]]).compactMap { $0["id"] as? Int }
                cursor = page["next"] as? String
            } while cursor != nil
            #expect(seen == [107, 106, 105, 104, 103, 102, 101, 190])
            func ids(_ query: String) async throws -> [Int] {
                try #require(try await me.json("/activities?" + query)["activities"] as? [[String: Any]]).compactMap { $0["id"] as? Int }
            }
            #expect(try await ids("sport=run") == [106, 104, 102, 190])
            #expect(try await ids("after=2026-01-01T10:00:00Z&before=2026-01-01T12:00:00Z") == [105, 104])
            #expect(try await ids("after=2026-01-01T11:00:00%2B01:00&before=2026-01-01T12:00:00Z&sport=ride") == [105])
            #expect(try await ids("after=2026-01-02").isEmpty)
            #expect(try await ids("before=2026-01-01").isEmpty)
        }
    }

    @Test func `streams are thinned out with the first, the last and the peaks kept, aligned over all keys`() async throws {
        try await MeFixture.with { me in
            let thin = try await me.json("/activities/101/streams?max_points=50&keys=time_s,power_w,altitude_m,heartrate_bpm,distance_m")
            let indexes = try #require(thin["indexes"] as? [Int])
            #expect(thin["point_count"] as? Int == 5_000 && indexes.count == 50 && indexes.first == 0 && indexes.last == 4_999)
            #expect(indexes == indexes.sorted() && Set(indexes).count == 50)
            #expect(indexes.contains(1_234) && indexes.contains(2_500), "peaks of single curves stay")
            let series = try #require(thin["series"] as? [String: [Any]])
            #expect(Set(series.keys) == ["time_s", "power_w", "altitude_m", "heartrate_bpm", "distance_m"])
            for (key, values) in series { #expect(values.count == 50, "\(key)") }
            #expect(series["time_s"] as? [Int] == indexes)
            #expect((series["distance_m"] as? [Double])?.last == 17_496.5)
            for (place, index) in indexes.enumerated() {
                #expect(
                    index % 7 == 0 ? series["heartrate_bpm"]?[place] is NSNull : series["heartrate_bpm"]?[place] as? Int == 120 + index % 40
                )
            }
            let all = try await me.json("/activities/101/streams?max_points=100000")
            #expect((all["indexes"] as? [Int])?.count == 5_000)
            let shown = try #require(all["series"] as? [String: Any])
            #expect(Set(shown.keys).isSuperset(of: ["latlng", "moving", "power_w"]))
            #expect((try await me.json("/activities/101/streams")["indexes"] as? [Int])?.count == 1_000)
            #expect(try await me.ask("/activities/102/streams").status == 404)
        }
    }

    private static let badQueries = [
        "/activities?sports=run", "/activities?sport=Sesame9", "/activities?limit=0", "/activities?limit=201", "/activities?limit=-1",
        "/activities?limit=1&limit=2", "/activities?after=Sesame9", "/activities?after=2026-13-01", "/activities?after=9999-01-01",
        "/activities?before=2026-01-01T00:00:00", "/activities?cursor=Sesame9", "/activities?cursor=AAAAAAAAAAAAAAAAAAAAAAA=",
        "/activities?cursor=", "/activities?cursor=f_________8AAAAAAAAADAAB", "/activities?cursor=gAAAAAAAAAEAAAAAAAAADAAB",
        "/activities?limit=99999999999999999999", "/activities?after=", "/activities?Sesame9", "/activities/101?x=Sesame9",
        "/activities/101/streams?max_points=1", "/activities/101/streams?max_points=100001", "/activities/101/streams?keys=Sesame9",
        "/activities/101/streams?keys=", "/activities/101/streams?keys=power_w,power_w", "/activities/101/streams?keys=power_w,",
        "/summary?a=Sesame9",
        "/fitness?from=2026-02-30", "/fitness?from=2026-01-02&to=2026-01-01", "/fitness?from=1950-01-01&to=2026-01-01",
        "/fitness?from=0001-01-01",
        "/power-curve?period=Sesame9", "/power-curve?sport=", "/records?sport=run,ride", "/thresholds?x=Sesame9", "/export?all=Sesame9",
        "?x=Sesame9",
        "/activities?limit=%ff%00", "/activities?sport=%27%3B%20DROP%20TABLE%20silver.activity",
    ]

    @Test func `a query that can't be used is 400 with a sentence that echoes nothing`() async throws {
        try await MeFixture.with { me in
            for (number, path) in Self.badQueries.enumerated() {
                // A token has a burst of requests.
                let token = number % 20 == 0 ? try await me.issue("u1", [.read, .position]) : nil
                let answer = try await me.ask(path, token: token)
                #expect(answer.status == 400 && answer.text.contains("\"code\":\"bad_request\""), "\(path): \(answer.status)")
                #expect(!answer.text.contains("Sesame9") && !answer.text.contains("DROP"), "\(path)")
            }
            for path in [
                "/activities/Sesame9", "/activities/-1", "/activities/99999999999999999999", "/activities/1.5", "/activities/%2e%2e",
                "/nothing",
            ] {
                let answer = try await me.ask(path)
                #expect(answer.status == 404 && answer.text.hasPrefix("{\"error\"") && !answer.text.contains("Sesame9"), "\(path)")
            }
        }
    }

    @Test func `an answer is asked for again under its tag and not sent twice, until it changes`() async throws {
        try await MeFixture.with { me in
            for path in Self.reading {
                let first = try await me.ask(path)
                let tag = try #require(first.headers["ETag"])
                #expect(first.headers["Cache-Control"] == "private, no-cache" && first.headers["Vary"] == "Authorization")
                for condition in [tag, "W/" + tag, "\"other\", " + tag, "*"] {
                    let again = try await me.ask(path, headers: [("If-None-Match", condition)])
                    #expect(again.status == 304 && again.body.isEmpty && again.headers["ETag"] == tag, "\(path) \(condition)")
                }
                #expect(try await me.ask(path, headers: [("If-None-Match", "\"other\"")]).status == 200)
            }
            let tag = try #require(try await me.ask("/activities/101").headers["ETag"])
            try await me.gateway.database.query("UPDATE silver.activity SET name = 'Renamed' WHERE activity_id = 101")
            let changed = try await me.ask("/activities/101", headers: [("If-None-Match", tag)])
            #expect(changed.status == 200 && changed.text.contains("Renamed") && changed.headers["ETag"] != tag)
        }
    }

    @Test func `HEAD has the header of GET, and other methods are refused with those that there are`() async throws {
        try await MeFixture.with { me in
            let authorization = "Authorization: Bearer \(me.token)\r\n"
            for path in Self.reading {
                let head = try await RawClient.ask("HEAD", "/v1/me" + path, me.gateway.base, headers: authorization)
                #expect(head.status == 200 && head.body.isEmpty && head.head.lowercased().contains("etag:"), "\(path)")
            }
            let refused = try await RawClient.ask(
                "POST", "/v1/me/thresholds", me.gateway.base, headers: authorization + "Content-Length: 0\r\n")
            #expect(refused.status == 405 && refused.head.contains("GET, HEAD, PUT") && refused.body.contains("method_not_allowed"))
            let large = try await RawClient.ask(
                "PUT", "/v1/me/thresholds", me.gateway.base, headers: authorization + "Content-Length: 99999\r\n")
            #expect(large.status == 413 && large.body.contains("body_too_large"))
        }
    }
}
