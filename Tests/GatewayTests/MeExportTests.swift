import Core
import Foundation
import HTTPTransport
import Identity
import OwnData
import TestKit
import Testing

@testable import Gateway

/// `GET /v1/me/export`, read by programs that others wrote.
@Suite struct MeExportTests {
    /// The files of an export, as `unzip` reads them.
    private func files(_ archive: [UInt8]) async throws -> [String: String] {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "export.zip")
            try Data(archive).write(to: path)
            let target = folder.appending(path: "out")
            try unzip(path, into: target)
            var files: [String: String] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: target.path) {
                guard let data = FileManager.default.contents(atPath: target.appending(path: name).path) else { continue }
                files[name] = String(decoding: data, as: UTF8.self)
            }
            return files
        }
    }

    private func unzip(_ archive: URL, into folder: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])",
            archive.path, folder.path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `everything of the athlete is in the archive, and nothing of others`() async throws {
        try await MeFixture.with { me in
            let answer = try await me.ask("/export")
            #expect(answer.status == 200 && answer.headers["Content-Type"] == "application/zip")
            #expect(
                answer.headers["Content-Disposition"]?.contains("fitness-export.zip") == true
                    && answer.headers["Cache-Control"] == "no-store")
            let files = try await files(answer.body)
            let activities = try #require(files["tables/activity.csv"]).split(separator: "\n")
            #expect(activities.count == 9 && activities[0].hasPrefix("athlete_id,source_id,activity_id,name"))
            #expect(activities.contains { $0.contains("No 7 of 1") })
            let tables = try await me.gateway.database.query(
                """
                SELECT relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
                WHERE relnamespace = 'silver'::regnamespace AND relkind IN ('r', 'p')
                """
            ).map { try $0.decode(String.self) }
            #expect(
                Set(files.keys.filter { $0.hasPrefix("tables/") })
                    == Set(tables.map { "tables/\($0).csv" }).union(["tables/"]).intersection(files.keys))
            #expect(tables.allSatisfy { files["tables/\($0).csv"] != nil })
            #expect(
                !files.values.contains {
                    $0.contains("of 2") || $0.contains("Name2") || $0.contains("\"of\":\"2\"") || $0.contains(#"\"of\":\"2\""#)
                })
            let line = try #require(files["answers/activity.jsonl"])
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["body"] as? String == "{\"start_latlng\":[47.123,8.987],\"of\":\"1\"}\n" && object?["object_id"] as? Int == 101)
            #expect(files["answers/athlete.jsonl"]?.contains(#""body_base64":"/wD+""#) == true)
            #expect(files["README.txt"]?.contains("answers/NAME.jsonl") == true)
        }
    }

    @Test func `without the scope position the archive has no place and no answers, and says so`() async throws {
        try await MeFixture.with { me in
            let files = try await files(try await me.ask("/export", token: try await me.issue("u1", [.read])).body)
            #expect(files["README.txt"]?.contains("lacks the scope \"position\"") == true)
            #expect(!files.keys.contains { $0.hasPrefix("answers/") } && files["tables/segment_effort.csv"] == nil)
            for (name, text) in files {
                for mark in ["latitude", "longitude", "47.123", "47123000", "poly", "Hiddentown", "Town1", "Secret hill", "location_city"] {
                    #expect(!text.contains(mark), "\(name) has \(mark)")
                }
            }
            #expect(files["tables/activity_stream.csv"]?.contains("heartrate_bpm") == true)
        }
    }

    @Test func `HEAD runs no export, and a second export of the athlete waits`() async throws {
        try await MeFixture.with { me in
            let head = try await RawClient.ask("HEAD", "/v1/me/export", me.gateway.base, headers: "Authorization: Bearer \(me.token)\r\n")
            #expect(head.status == 200 && head.body.isEmpty)
            // A reader who takes nothing holds its export open: the table is too large for the buffers in between.
            try await me.gateway.database.query(
                """
                INSERT INTO silver.activity (athlete_id, activity_id, name, has_detail, transform_version)
                SELECT 1, 10000 + n, string_agg(md5(n::text || m), ''), false, 1 FROM generate_series(1, 3000) AS n, generate_series(1, 250) AS m GROUP BY n
                """)
            var slow: RawClient? = try RawClient(me.gateway.base)
            slow?.send("GET /v1/me/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(me.token)\r\n\r\n")
            try await eventually("the export runs") {
                try await me.gateway.database.query(
                    "SELECT FROM pg_stat_activity WHERE usename = 'fitness_reader' AND datname = current_database() AND backend_xid IS NOT NULL"
                ).count == 1
            }
            let second = try await me.ask("/export")
            #expect(second.status == 429 && second.text.contains("export_running") && second.headers["Retry-After"] == "60")
            #expect(try await me.ask("/activities").status == 200, "others go on")
            // Closed with answers unread, which resets the connection.
            slow = nil
            try await eventually("the slot is free again") {
                try await me.ask("/export", token: try await me.issue("u1", [.read])).status == 200
            }
        }
    }
}
