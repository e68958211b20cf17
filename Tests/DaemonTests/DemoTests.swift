import Database
import Foundation
import TestKit
import Testing

/// The demo as `make run` starts it: its own PostgreSQL, its own Strava, nothing configured.
@Suite struct DemoTests {
    @Test func `the demo fills silver, stops on Ctrl-C, and fetches nothing twice when started again`() async throws {
        let folder = "/tmp/fd-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment = ["FITNESSD_STATE_DIR": folder, "FITNESSD_HTTP_LISTEN": "off", "HOME": folder]
        let first = try await summary(environment)
        #expect(first.output.contains("No Strava credentials are configured"))
        let fetched = try await streams(first.output)
        #expect(fetched.count > 150)
        first.signal(SIGINT)
        #expect(try await first.waitForEnd(within: .seconds(15)) == 0)
        #expect(first.output.contains("stopped cleanly"))
        let second = try await summary(environment)
        let again = try await streams(second.output)
        #expect(fetched.allSatisfy { again[$0.key] == $0.value }, "the same answers, fetched at the same time as before")
        second.signal(SIGTERM)
        #expect(try await second.waitForEnd(within: .seconds(15)) == 0)
        if let outside = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/demo/postgres") {
            try FileManager.default.removeItem(atPath: outside)
        }
    }

    private func summary(_ environment: [String: String]) async throws -> DaemonProcess {
        let process = try DaemonProcess("fitnessd", ["run"], environment: environment)
        try await eventually("the summary from silver is printed", within: .seconds(120)) { process.output.contains("Look further:") }
        return process
    }

    /// When each activity's streams were fetched.
    private func streams(_ output: String) async throws -> [Int64: Date] {
        let line = try #require(output.split(separator: "\n").last { $0.contains("psql \"") })
        let url = String(line.split(separator: "\"")[1])
        let database = Database(url: url, logger: quietLogger)
        let rows = try await database.query("SELECT object_id, fetched_at FROM bronze_strava.answer WHERE endpoint = 3")
        let times = Dictionary(try rows.map { try $0.decode(Int64.self, Date.self) }) { first, _ in first }
        await database.close()
        return times
    }
}
