import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// What the real daemon shows at `/metrics`.
@Suite struct MetricsTests {
    private static let world = SimulatorWorld(
        seed: 5, epoch: Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded()), athleteCount: 2, activitiesEach: 3,
        points: 20...30)

    @Test func `everything that happens is counted, in Prometheus' format and without a trace of whom it concerns`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let port = try LoopbackSocket.freePort()
            let daemon = try await rig.start(["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"])
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver", within: .seconds(120)) { try await rig.isComplete() }
            let http = HTTPClient(userAgent: "prometheus")
            let refused = try await http.send(
                HTTPRequest(method: .get, url: "http://127.0.0.1:\(port)/v1/me", headers: [("Authorization", "Bearer none")]))
            #expect(refused.status == 401)
            var check = ExpositionCheck("")
            try await eventually("the counts are fresh") {
                let text = String(
                    decoding: try await http.send(HTTPRequest(method: .get, url: "http://127.0.0.1:\(port)/metrics")).body, as: UTF8.self)
                check = ExpositionCheck(text)
                let activities = rig.simulator.world.athleteIDs.reduce(0) { $0 + rig.simulator.truth(for: $1).count }
                return ledger("summary", check) == Double(activities) && ledger("streams", check) == Double(activities)
                    && check.value("fitnessd_ledger_entries", ["endpoint": "streams", "state": "pending"]) == 0
                    && check.value("fitnessd_transform_backlog") == 0
            }
            #expect(check.faults == [])
            expectPlausible(check, streams: rig.simulator.requests.count { $0.endpoint == "streams" })
            // Counts may be any number; what names somebody would be in a label.
            let labels = Set(check.samples.flatMap { $0.labels.filter { $0.key != "le" }.values })
            for athlete in rig.simulator.world.athleteIDs { #expect(!labels.contains { $0.contains("\(athlete)") }) }
            await http.shutdown()
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    /// Entries of all states.
    private func ledger(_ endpoint: String, _ check: ExpositionCheck) -> Double {
        check.samples.filter { $0.name == "fitnessd_ledger_entries" && $0.labels["endpoint"] == endpoint }.reduce(0) { $0 + $1.value }
    }

    private func expectPlausible(_ check: ExpositionCheck, streams: Int) {
        let landed = check.value("fitnessd_ledger_entries", ["endpoint": "streams", "state": "landed"])
        #expect(check.value("fitnessd_database_up") == 1 && check.value("fitnessd_athletes", ["state": "active"]) == 2)
        #expect(
            check.samples.filter { $0.labels["endpoint"] == "streams" && $0.name == "fitnessd_strava_requests_total" }
                .reduce(0) { $0 + $1.value } == Double(streams))
        #expect(check.value("fitnessd_landed_answers_total", ["endpoint": "streams", "change": "new"]) == landed)
        #expect(check.sum("fitnessd_landed_bytes_total") > 1_000)
        #expect(check.value("fitnessd_listed_activities_total") == ledger("summary", check))
        #expect(check.sum("fitnessd_quota_wait_seconds_count") >= 6 && check.sum("fitnessd_turns_total") >= 2)
        let used = check.value("fitnessd_strava_quota_used", ["bucket": "overall", "window": "day"]) ?? 0
        let left = check.value("fitnessd_strava_quota_remaining", ["bucket": "overall", "window": "day"]) ?? 0
        #expect(used >= 6 && used + left == check.value("fitnessd_strava_quota_limit", ["bucket": "overall", "window": "day"]))
        #expect((check.value("fitnessd_silver_activities_total", ["outcome": "made"]) ?? 0) >= 3)
        #expect((check.value("fitnessd_activity_to_silver_seconds_count") ?? 0) >= 1)
        #expect(check.value("fitnessd_silver_stopped") == 0)
        #expect(check.sum("fitnessd_database_pool_wait_seconds_count") > 10)
        #expect(check.value("fitnessd_control_requests_total", ["route": "/v1/athletes/import", "status": "200"]) == 1)
        #expect(check.value("fitnessd_http_requests_total", ["route": "/v1/me", "status": "401"]) == 1)
        #expect(check.value("fitnessd_authentication_failures_total", ["reason": "token_invalid"]) == 1)
        #expect((check.value("process_resident_memory_bytes") ?? 0) > 1e6 && (check.value("process_cpu_seconds_total") ?? 0) > 0)
        #expect((check.value("process_open_fds") ?? 0) > 3 && (check.value("process_max_fds") ?? 0) > 3)
        #expect(check.samples.contains { $0.name == "fitnessd_build_info" && $0.value == 1 && $0.labels["version"] != nil })
        #expect(check.sum("fitnessd_unknown_fields_total") == 0)
    }
}
