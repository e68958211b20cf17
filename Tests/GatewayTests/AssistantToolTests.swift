import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Gateway

/// The tools of `/mcp`, and what they show to whom.
@Suite struct AssistantToolTests {
    /// Arguments for the tools that need some.
    private static var arguments: [String: [String: Any]] {
        [
            "get_activity": ["activity_id": 101], "get_activity_series": ["activity_id": 101, "max_points": 50],
            "query": ["sql": "SELECT 1 AS one"],
            "one_activity": ["activity_id": 101], "laps_of_activity": ["activity_id": 101], "similar_activities": ["activity_id": 101],
            "first_time_above": ["sport_family": "ride", "measure": "distance_km", "at_least": 1.5],
        ]
    }

    private func tools(_ assistant: AssistantFixture, token: String? = nil) async throws -> [[String: Any]] {
        let answer = try await assistant.json(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, token: token)
        return try #require((answer.object["result"] as? [String: Any])?["tools"] as? [[String: Any]])
    }

    @Test func `each question of the dashboards is a tool, described by its file, and no tool takes an athlete`() async throws {
        try await AssistantFixture.with { assistant in
            let folder = checkout.appending(path: "sql/dashboards")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.map {
                $0.dropLast(4)
            }
            let all = try await tools(assistant, token: assistant.me.token)
            let names = all.compactMap { $0["name"] as? String }
            #expect(
                Set(names)
                    == Set(files.map(String.init) + ["list_activities", "get_activity", "get_activity_series", "describe_schema", "query"]))
            #expect(Set(names).count == names.count)
            for tool in all {
                let name = tool["name"] as? String ?? ""
                let schema = try #require(tool["inputSchema"] as? [String: Any])
                #expect((tool["annotations"] as? [String: Any])?["readOnlyHint"] as? Bool == true)
                #expect(schema["type"] as? String == "object" && schema["additionalProperties"] as? Bool == false)
                #expect((schema["properties"] as? [String: Any])?["athlete_id"] == nil)
                #expect((tool["title"] as? String)?.isEmpty == false && (tool["description"] as? String ?? "").count > 40, "\(name)")
            }
            let measured = try #require(all.first { $0["name"] as? String == "first_time_above" }?["inputSchema"] as? [String: Any])
            let properties = try #require(measured["properties"] as? [String: [String: Any]])
            #expect((properties["measure"]?["enum"] as? [String])?.count == 7 && properties["at_least"]?["type"] as? String == "number")
            #expect((measured["required"] as? [String])?.sorted() == ["at_least", "measure", "sport_family"])
            // Without the scope position all but the heat map.
            #expect(try await tools(assistant).count == all.count - 1)
        }
    }

    @Test func `each tool answers with structured content, the same as text, and shows no other athlete`() async throws {
        try await AssistantFixture.with { assistant in
            for tool in try await tools(assistant, token: assistant.me.token) {
                let name = tool["name"] as? String ?? ""
                let answer = try await assistant.call(name, Self.arguments[name] ?? [:], token: assistant.me.token)
                #expect(!answer.isError, "\(name): \(answer.text)")
                let parsed = try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? NSDictionary)
                #expect(parsed == answer.content as NSDictionary)
                #expect(!answer.text.contains("of 2\"") && answer.notes.isEmpty, "\(name): \(answer.notes)")
            }
            #expect(try await assistant.call("gear_mileage").rows.isEmpty)
            #expect(try await assistant.call("laps_of_activity", ["activity_id": 101]).rows.count == 3)
            #expect(try await assistant.call("list_activities", ["limit": 3]).content["next"] is String)
            let series = try await assistant.call("get_activity_series", ["activity_id": 101, "max_points": 50])
            #expect((series.content["series"] as? [String: [Any]])?["power_w"]?.count == 50)
            for name in ["get_activity", "get_activity_series"] {
                let strange = try await assistant.call(name, ["activity_id": 201])
                #expect(strange.isError && strange.text.contains("list_activities"))
            }
        }
    }

    @Test(arguments: [
        ("get_activity", "{}", "activity_id is missing"), ("get_activity", #"{"activity_id":"101"}"#, "whole number"),
        ("get_activity", #"{"activity_id":1.5}"#, "whole number"), ("get_activity", #"{"activity_id":true}"#, "whole number"),
        ("get_activity", #"{"activity_id":[101]}"#, "whole number"), ("get_activity", #"{"activity_id":-1}"#, "whole number"),
        ("get_activity", #"{"activity_id":1e40}"#, "whole number"),
        ("get_activity", #"{"activity_id":101,"athlete_id":2}"#, "no arguments but"),
        ("weekly_totals", #"{"athlete_id":2}"#, "takes no arguments."), ("list_activities", #"{"limit":1000}"#, "from 1 to 100"),
        ("list_activities", #"{"sport":"chess"}"#, "one of run"), ("list_activities", #"{"after":"yesterday"}"#, "YYYY-MM-DD"),
        ("list_activities", #"{"cursor":"x"}"#, "value of next"),
        ("get_activity_series", #"{"activity_id":101,"keys":"power_w"}"#, "list of some"),
        ("get_activity_series", #"{"activity_id":101,"keys":["heart"]}"#, "list of some"),
        ("get_activity_series", #"{"activity_id":101,"keys":[]}"#, "list of some"),
        ("get_activity_series", #"{"activity_id":101,"keys":["latlng"]}"#, "scope position"),
        ("first_time_above", #"{"sport_family":"ride","measure":"fun","at_least":1}"#, "one of distance_km"),
        ("first_time_above", #"{"sport_family":"r\u0000","measure":"load","at_least":1}"#, "text of at most"),
        ("first_time_above", #"{"sport_family":"ride","measure":"load","at_least":"1"}"#, "must be a number"),
        ("query", #"{"sql":7}"#, "must be a text"), ("describe_schema", #"{"table":"sync.athlete"}"#, "no table or view"),
        ("describe_schema", #"{"table":"segment_effort"}"#, "no table or view"),
    ])
    func `a wrong argument is an error of the tool that says what is expected`(tool: String, arguments: String, sentence: String)
        async throws
    {
        try await AssistantFixture.with { assistant in
            let given = try #require(try JSONSerialization.jsonObject(with: Data(arguments.utf8)) as? [String: Any])
            let answer = try await assistant.call(tool, given)
            #expect(answer.isError && answer.text.contains(sentence), "\(answer.text)")
        }
    }

    @Test func `the schema is described by its comments, places only for those who may see them`() async throws {
        try await AssistantFixture.with { assistant in
            func names(_ token: String) async throws -> [String] {
                try await assistant.call("describe_schema", token: token).content["tables"].map {
                    ($0 as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
                } ?? []
            }
            let (narrow, wide) = (try await names(assistant.token), try await names(assistant.me.token))
            #expect(
                narrow.count > 30 && Set(wide).subtracting(narrow) == ["activity_grid", "aggregate_stream", "segment", "segment_effort"])
            let activity = try await assistant.call("describe_schema", ["table": "silver.activity"])
            let columns = activity.content["columns"] as? [[String: Any]] ?? []
            #expect(columns.count > 40 && columns.allSatisfy { ($0["description"] as? String)?.isEmpty == false })
            #expect(!columns.contains { $0["name"] as? String == "start_latitude_deg" })
            #expect(
                try await assistant.call("describe_schema", ["table": "activity"], token: assistant.me.token).text.contains(
                    "start_latitude_deg"))
        }
    }

    @Test func `no tool shows a place without the scope`() async throws {
        let places = ["47.5", "47500", "8.5,", "Hiddentown", "abcpoly", "defpoly", "Secret hill", "Town1", "Land1"]
        try await AssistantFixture.with { assistant in
            var seen = ""
            for tool in try await tools(assistant) {
                let name = tool["name"] as? String ?? ""
                seen += try await assistant.call(name, Self.arguments[name] ?? [:]).text
            }
            for place in places where place != "8.5," { #expect(!seen.contains(place), "\(place)") }
            let shown = try await assistant.call("get_activity", ["activity_id": 101], token: assistant.me.token).text
            #expect(shown.contains("defpoly") && shown.contains("Secret hill"))
        }
    }

    @Test func `by default nothing of the API is shown, and each tool says how much there is, and why`() async throws {
        try await AssistantFixture.with(access: .own) { assistant in
            try await assistant.me.gateway.database.query(
                "INSERT INTO silver.gear_item (athlete_id, gear_id, name) VALUES (1, 'b1', 'Secret bike')")
            for tool in try await tools(assistant, token: assistant.me.token) {
                let name = tool["name"] as? String ?? ""
                let answer = try await assistant.call(name, Self.arguments[name] ?? [:], token: assistant.me.token)
                let note = answer.isError ? answer.text : answer.notes.joined()
                #expect(
                    note.contains("8 activities from Strava's API are not shown") && note.contains("FITNESSD_MODEL_ACCESS"),
                    "\(name): \(answer.text)")
                for secret in ["No 1 of 1", "Secret bike", "Name1", "47.5", "No date"] { #expect(!answer.text.contains(secret), "\(name)") }
            }
            let counts = try await assistant.query(
                """
                SELECT (SELECT count(*) FROM silver.activity) + (SELECT count(*) FROM silver.athlete) + (SELECT count(*) FROM silver.gear)
                    + (SELECT count(*) FROM silver.training_day) + (SELECT count(*) FROM silver.athlete_day) + (SELECT count(*) FROM silver.freshness)
                    + (SELECT count(*) FROM silver.activity_stream) + (SELECT count(*) FROM silver.completeness) AS n
                """, token: assistant.me.token)
            #expect(counts.rows.first?["n"] as? Int == 0, "\(counts.text)")
            // The athlete's own file.
            try await assistant.me.gateway.database.withConnection {
                try await $0.execute(
                    """
                    INSERT INTO silver.athlete (athlete_id, source_id) VALUES (1, 3);
                    INSERT INTO silver.activity (athlete_id, source_id, activity_id, name, sport_type, has_detail, transform_version)
                    VALUES (1, 3, 990, 'From a file', 'Run', false, 1);
                    """)
            }
            let own = try await assistant.query("SELECT name FROM silver.activity")
            #expect(own.rows.compactMap { $0["name"] as? String } == ["From a file"])
            #expect(try await assistant.call("list_activities").text.contains("From a file"))
        }
    }
}
