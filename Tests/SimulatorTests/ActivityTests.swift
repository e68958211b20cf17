import Core
import Foundation
import Simulator
import Testing

/// Summary, detail, laps and zones of activities (docs/strava-api.md 3.2, 3.3, 3.5).
struct ActivityTests {
    /// Keys that all 1,132 summaries of October 2025 have.
    private static let always: Set<String> = [
        "resource_state", "athlete", "name", "distance", "moving_time", "elapsed_time", "total_elevation_gain", "type",
        "sport_type", "id", "start_date", "start_date_local", "timezone", "utc_offset", "location_city", "location_state",
        "location_country", "achievement_count", "kudos_count", "comment_count", "athlete_count", "photo_count", "map", "trainer",
        "commute", "manual", "private", "visibility", "flagged", "gear_id", "start_latlng", "end_latlng", "average_speed",
        "max_speed", "has_heartrate", "heartrate_opt_out", "display_hide_heartrate_option", "upload_id", "external_id",
        "from_accepted_tag", "pr_count", "total_photo_count", "has_kudoed",
    ]

    @Test func `every summary has the keys that are always there`() async throws {
        try await withSimulator(activities: 150) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            for summary in try await visitor.list("per_page=200", token: token) {
                #expect(Self.always.subtracting(summary.keys) == [])
                #expect(summary["resource_state"] as? Int == 2)
            }
        }
    }

    @Test(arguments: ActivityKind.allCases)
    func `keys without a value are absent, null or empty as recorded`(kind: ActivityKind) async throws {
        try await withSimulator(activities: 12, kinds: [kind]) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            for summary in try await visitor.list("per_page=200", token: token) {
                let hasHeartrate = try #require(summary["has_heartrate"] as? Bool)
                #expect((summary["average_heartrate"] != nil) == hasHeartrate)
                #expect((summary["suffer_score"] != nil) == hasHeartrate)
                #expect((summary["upload_id"] is NSNull) == (kind == .manual))
                #expect((summary["upload_id_str"] == nil) == (kind == .manual))
                let position = try #require(summary["start_latlng"] as? [Double])
                #expect(position.isEmpty == [.treadmill, .indoorRide, .swim, .weightTraining, .manual].contains(kind))
                let map = try #require(summary["map"] as? [String: Any])
                #expect((map["summary_polyline"] as? String)?.isEmpty == position.isEmpty)
                #expect((summary["elev_high"] == nil) == [.treadmill, .swim, .weightTraining, .manual].contains(kind))
            }
        }
    }

    @Test func `numbers change between integer and float as recorded`() async throws {
        try await withSimulator(activities: 200) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let text = try await visitor.get("/athlete/activities?per_page=200", token: token).text
            #expect(text.contains(#""max_speed":0,"#))
            #expect(text.contains(#""total_elevation_gain":0,"#))
            #expect(text.contains(/"total_elevation_gain":\d+\.0,/))
            #expect(text.contains(/"utc_offset":-?\d+\.0/))
            #expect(text.contains(/"suffer_score":\d+[,}]/))
            #expect(text.contains(/"suffer_score":\d+\.0/))
        }
    }

    @Test func `a detail is the summary with more, and its laps are those of the laps call`() async throws {
        try await withSimulator(activities: 30, points: 300...400) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            for summary in try await visitor.list("per_page=200", token: token) {
                let id = try #require(summary["id"] as? Int64)
                let detail = try await visitor.get("/activities/\(id)", token: token).object
                #expect(Set(summary.keys).subtracting(detail.keys) == [])
                #expect(detail["resource_state"] as? Int == 3)
                #expect(detail["distance"] as? Double == summary["distance"] as? Double)
                #expect((detail["gear"] == nil) == (summary["gear_id"] is NSNull))
                #expect(
                    (detail["splits_metric"] != nil) == ["Run", "TrailRun"].contains(summary["sport_type"] as? String)
                        || summary["manual"] as? Bool == true)
                let laps = try await visitor.get("/activities/\(id)/laps", token: token).json as? [[String: Any]]
                let truth = try #require(visitor.simulator.world.truth(for: ActivityID(id)))
                #expect(laps?.count == truth.lapCount)
                #expect((detail["laps"] as? [[String: Any]])?.ids ?? [] == laps?.ids)
            }
        }
    }

    @Test func `the laps cover all points and the whole distance`() async throws {
        try await withSimulator(activities: 8, points: 300...900, kinds: [.ride]) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            for truth in visitor.simulator.truth(for: anyone) {
                let laps = try #require(try await visitor.get("/activities/\(truth.id)/laps", token: token).json as? [[String: Any]])
                #expect(laps.first?["start_index"] as? Int == 0)
                #expect(laps.last?["end_index"] as? Int == truth.pointCount - 1)
                let elapsed = laps.compactMap { $0["elapsed_time"] as? Int }.reduce(0, +)
                #expect(elapsed == truth.elapsed_s)
            }
        }
    }

    @Test func `local time is wall time with a false Z, also in summer`() async throws {
        try await withSimulator(athletes: 6, activities: 200) { visitor in
            for athlete in visitor.simulator.world.athleteIDs {
                let token = visitor.simulator.issueTokens(for: athlete).accessToken
                let format = ISO8601DateFormatter()
                for summary in try await visitor.list("per_page=200", token: token) {
                    let start = try #require(format.date(from: summary["start_date"] as? String ?? ""))
                    let local = try #require(format.date(from: summary["start_date_local"] as? String ?? ""))
                    let label = try #require(summary["timezone"] as? String)
                    let zone = try #require(TimeZone(identifier: String(label.split(separator: " ")[1])))
                    #expect(summary["utc_offset"] as? Double == Double(zone.secondsFromGMT(for: start)))
                    #expect(local.timeIntervalSince(start) == Double(zone.secondsFromGMT(for: start)))
                }
            }
        }
    }

    @Test func `a hidden start time is one second past midnight`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let id = visitor.simulator.truth(for: anyone)[3].id
            visitor.simulator.world.hideStartTime(id)
            let detail = try await visitor.get("/activities/\(id)", token: token).object
            #expect((detail["start_date"] as? String)?.hasSuffix("T00:00:01Z") == true)
            #expect(detail["start_date_local"] as? String == detail["start_date"] as? String)
        }
    }

    @Test func `zones answer 402 for an athlete who does not subscribe`() async throws {
        let paying = AthleteSpec(id: AthleteID(1), activityCount: 10, points: 30...40, kinds: [.run])
        var free = paying
        free.id = AthleteID(2)
        free.isSubscriber = false
        let world = SimulatorWorld(seed: 5, epoch: monday, athletes: [paying, free])
        try await withSimulator(world: world) { visitor in
            for (athlete, status) in [(paying.id, 200), (free.id, 402)] {
                let token = visitor.simulator.issueTokens(for: athlete).accessToken
                let id = try #require(visitor.simulator.truth(for: athlete).first?.id)
                let answer = try await visitor.get("/activities/\(id)/zones", token: token)
                #expect(answer.status == status)
                if status == 402 { #expect(answer.object["message"] as? String == "Payment Required") }
            }
        }
    }

    @Test func `another athlete's activity is not found`() async throws {
        try await withSimulator(athletes: 2) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let foreign = try #require(visitor.simulator.truth(for: AthleteID(102)).first?.id)
            let answer = try await visitor.get("/activities/\(foreign)", token: token)
            #expect(answer.status == 404)
            #expect(answer.errorLine == "Activity//not found")
        }
    }
}
