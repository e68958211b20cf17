import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct RouteTests {
    @Test func `the status of an empty daemon is all zeroes`() async throws {
        try await ControlHarness.serve { daemon in
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.version == "1.2.3")
            #expect(status.uptimeS >= 60 && status.uptimeS < 120)
            #expect(status.athletes == .init(total: 0, active: 0, paused: 0, reconnect: 0, erasing: 0, working: 0))
            #expect(status.activities == 0 && status.silver.points == 0 && status.quarantined == 0 && status.lastErrors.isEmpty)
            #expect(status.paused == nil && status.quality.isEmpty)
        }
    }

    @Test func `the status shows what concerns the daemon as a whole, with its age`() async throws {
        try await ControlHarness.serve { daemon in
            daemon.notices.post(.databaseUpgraded, "PostgreSQL was upgraded from 15.4 to 15.5, and the private server restarted")
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.notices.map(\.code) == ["database_upgraded"])
            let text = try await Tool.run(["status"], socket: daemon.socketPath)
            #expect(text.out.contains("\nPostgreSQL was upgraded from 15.4 to 15.5, and the private server restarted ("))
            daemon.notices.withdraw(.databaseUpgraded)
            let after: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(after.notices.isEmpty)
        }
    }

    @Test func `on a server of one's own, dashboard-url says who makes the login there`() async throws {
        try await ControlHarness.serve { daemon in
            let answer = try await Tool.run(["dashboard-url"], socket: daemon.socketPath)
            #expect(answer.code == 1 && answer.out.isEmpty && answer.err.contains("on a server of your own"), "\(answer)")
        }
    }

    @Test func `findings of data quality are counted by check, for all and for one athlete`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 {
                try await daemon.addAthlete(id)
                _ = try await daemon.database.query("INSERT INTO silver.athlete (athlete_id) VALUES (\(id))")
            }
            for (athlete, activity, check) in [(Int64(7), Int64(1), "point_count"), (7, 2, "point_count"), (8, 3, "short_points")] {
                _ = try await daemon.database.query(
                    "INSERT INTO silver.activity (athlete_id, activity_id, has_detail, transform_version) VALUES (\(athlete), \(activity), false, 1)"
                )
                _ = try await daemon.database.query(
                    "INSERT INTO silver.quality_finding (athlete_id, activity_id, check_name, measured) VALUES (\(athlete), \(activity), \(check), 1)"
                )
            }
            let all = [QualityCount(check: "point_count", activities: 2), QualityCount(check: "short_points", activities: 1)]
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.quality == all)
            let athletes: AthletesMessage = try await daemon.client.send(ControlTarget(.athletes))
            #expect(athletes.athletes.map(\.quality) == [[all[0]], [all[1]]])
            let text = try await Tool.run(["athletes", "show", "7"], socket: daemon.socketPath)
            #expect(text.out.contains("quality      2 activities with implausibly few or many points\n"))
        }
    }

    @Test func `the status counts athletes by state, activities, endpoints and errors`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(1)...4 { try await daemon.addAthlete(id) }
            _ = try await daemon.registry.pause(AthleteID(2), until: nil, reason: "rest")
            _ = try await daemon.database.query("UPDATE sync.athlete SET state = 'reconnect' WHERE athlete_id = 3")
            _ = try await daemon.database.query(
                """
                UPDATE sync.schedule SET lease_owner = gen_random_uuid(), lease_expires_at = now() + interval '1 minute'
                WHERE athlete_id = 4
                """)
            try await daemon.addActivity(1, 10, streams: "pending")
            try await daemon.addActivity(1, 11, streams: "landed")
            try await daemon.endTurn(3, error: "the grant is dead")
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.athletes == .init(total: 4, active: 2, paused: 1, reconnect: 1, erasing: 0, working: 1))
            #expect(status.activities == 2)
            #expect(status.endpoints.map(\.endpoint) == ["detail", "streams"])
            #expect(status.endpoints.map(\.landed) == [2, 1])
            #expect(status.endpoints.map(\.pending) == [0, 1])
            #expect(status.lastErrors.map(\.athleteID) == [3])
            #expect(status.lastErrors.first?.error == "the grant is dead")
        }
    }

    @Test func `athletes come in pages by number`() async throws {
        try await ControlHarness.serve { daemon in
            for id in [Int64(30), 10, 20] { try await daemon.addAthlete(id, uid: "u\(id)") }
            let first: AthletesMessage = try await daemon.client.send(ControlTarget(.athletes, query: [("limit", "2")]))
            #expect(first.athletes.map(\.athleteID) == [10, 20])
            #expect(first.athletes.map(\.uid) == ["u10", "u20"])
            #expect(first.nextAfter == 20)
            let second: AthletesMessage = try await daemon.client.send(ControlTarget(.athletes, query: [("after", "20"), ("limit", "2")]))
            #expect(second.athletes.map(\.athleteID) == [30])
            #expect(second.nextAfter == nil)
        }
    }

    @Test func `an athlete shows scope, pause, schedule and counts`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addActivity(7, 70, streams: "failed")
            let pause: ChangedMessage = try await daemon.client.send(
                ControlTarget(.pauseAthlete, athlete: 7), body: PauseRequest(forS: 3_600, reason: "on holiday"))
            #expect(pause.changed)
            let athlete: AthleteMessage = try await daemon.client.send(ControlTarget(.athlete, athlete: 7))
            #expect(athlete.scope == ["read", "activity:read_all"])
            #expect(athlete.paused?.reason == "on holiday")
            let until = try #require(athlete.paused?.until)
            #expect(abs(until.timeIntervalSince(pause.requestedAt) - 3_600) < 5)
            #expect(athlete.activities == 1 && athlete.endpoints.first { $0.endpoint == "streams" }?.failed == 1)
            let resumed: ChangedMessage = try await daemon.client.send(ControlTarget(.resumeAthlete, athlete: 7))
            #expect(resumed.changed)
            let after: AthleteMessage = try await daemon.client.send(ControlTarget(.athlete, athlete: 7))
            #expect(after.paused == nil)
        }
    }

    @Test func `all syncing pauses until resumed, with a reason`() async throws {
        try await ControlHarness.serve { daemon in
            let paused: ChangedMessage = try await daemon.client.send(
                ControlTarget(.pauseAll), body: PauseRequest(forS: nil, reason: "moving house"))
            #expect(paused.changed)
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.paused?.until == nil && status.paused?.reason == "moving house")
            #expect(status.paused?.by == Accounts.userName(geteuid()) && status.paused?.at != nil)
            let shown = try await Tool.run(["status"], socket: daemon.socketPath)
            #expect(
                shown.out.contains("all syncing is paused until resumed, by \(Accounts.userName(geteuid()) ?? "") since "), "\(shown.out)")
            let resumed: ChangedMessage = try await daemon.client.send(ControlTarget(.resumeAll))
            #expect(resumed.changed)
            let after: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(after.paused == nil)
            let again: ChangedMessage = try await daemon.client.send(ControlTarget(.resumeAll))
            #expect(!again.changed)
        }
    }

    @Test func `a sync request is in the schedule before the response`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.addAthlete(8)
            let one: AcceptedMessage = try await daemon.client.send(
                ControlTarget(.syncAthlete, athlete: 7), body: SyncRequestBody(full: true))
            #expect(one.athletes == 1)
            let asked = try await daemon.database.query("SELECT athlete_id FROM sync.schedule WHERE (request ->> 'full')::boolean")
            #expect(try asked.map { try $0.decode(Int64.self) } == [7])
            let all: AcceptedMessage = try await daemon.client.send(ControlTarget(.syncAll))
            #expect(all.athletes == 2)
        }
    }

    @Test func `the quarantine is listed newest first, without bodies, for all athletes or one`() async throws {
        try await ControlHarness.serve { daemon in
            for id in [Int64(1), 2] {
                try await daemon.addAthlete(id)
                _ = try await daemon.database.query(
                    """
                    INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason, body, last_at)
                    VALUES (\(id), 'streams', \(id * 10), 'unreadable', \([UInt8](repeating: 9, count: 5)), \(Date(timeIntervalSince1970: Double(id))))
                    """)
            }
            let all: QuarantineMessage = try await daemon.client.send(ControlTarget(.quarantine))
            #expect(all.total == 2 && all.entries.map(\.athleteID) == [2, 1] && all.entries.map(\.bodyBytes) == [5, 5])
            let one: QuarantineMessage = try await daemon.client.send(ControlTarget(.quarantine, query: [("athlete_id", "1")]))
            #expect(one.total == 1 && one.entries.map(\.objectID) == [10])
        }
    }

    @Test func `limits contain both windows and every class`() async throws {
        try await ControlHarness.serve { daemon in
            let limits: LimitsMessage = try await daemon.client.send(ControlTarget(.limits))
            #expect(limits.windows.map(\.window) == ["quarter_hour", "day"])
            #expect(limits.windows.map(\.limit) == [600, 30_000])
            #expect(limits.queues.map(\.requestClass) == ["connect", "live", "incremental", "repair", "history"])
            #expect(limits.circuit.state == "closed")
        }
    }

    @Test func `a connect link carries the uid, encoded, and when it expires, and is another one each time`() async throws {
        try await ControlHarness.serve { daemon in
            func link(_ seconds: Int?) async throws -> ConnectMessage {
                try await daemon.client.send(ControlTarget(.connect), body: ConnectRequest(uid: "a+b@example.org", forS: seconds))
            }
            let (first, second) = (try await link(nil), try await link(7_200))
            #expect(first.url.hasPrefix("http://localhost:8080/connect?uid=a%2Bb%40example.org&expires="))
            #expect(first.url != second.url && first.url.utf8.count < 300)
            #expect(first.url.contains("&expires=\(Int(first.expiresAt.timeIntervalSince1970))&"))
            #expect((604_700...604_800).contains(first.expiresAt.timeIntervalSinceNow))
            #expect((7_100...7_200).contains(second.expiresAt.timeIntervalSinceNow))
            for seconds in [59, 90 * 86_400 + 1, 0, -1] {
                let error = await #expect(throws: ControlClientError.self) { try await link(seconds) }
                #expect(error?.description.contains("for_s must be from 60 to 7776000 seconds") == true)
            }
        }
    }

    @Test func `the tool prints the link alone on standard output, and its end beside it`() async throws {
        try await ControlHarness.serve { daemon in
            for arguments in [["--days", "2"], ["--for", "48h"]] {
                let ending = try await Tool.run(["athletes", "connect", "--uid", "ann"] + arguments, socket: daemon.socketPath)
                #expect(
                    ending.code == 0 && ending.out.split(separator: "\n").count == 1
                        && ending.out.hasPrefix("http://localhost:8080/connect?"))
                #expect(ending.err.hasPrefix("valid until ") && ending.err.contains("UTC (in "))
            }
            for arguments in [["--days", "0"], ["--days", "91"], ["--for", "59s"], ["--for", "91d"], ["--days", "1", "--for", "1d"]] {
                #expect(try await Tool.run(["athletes", "connect", "--uid", "ann"] + arguments, socket: daemon.socketPath).code == 2)
            }
        }
    }

    @Test(arguments: ["Ä B", "a b&c=ü", "a/b", "a\u{202E}b", String(repeating: "u", count: 129)])
    func `no link is made for a uid that the gateway would refuse, and the tool shows the rule`(uid: String) async throws {
        try await ControlHarness.serve { daemon in
            let ending = try await Tool.run(["athletes", "connect", "--uid=\(uid)"], socket: daemon.socketPath)
            #expect(ending.code == 1 && ending.out.isEmpty)
            #expect(ending.err == "fitnessctl: \(UID.rule)\n")
        }
    }

    @Test func `without a public listener there is no link, and the error says why`() async throws {
        try await ControlHarness.serve(publicURL: nil) { daemon in
            let error = await #expect(throws: ControlClientError.self) {
                let _: ConnectMessage = try await daemon.client.send(ControlTarget(.connect), body: ConnectRequest(uid: "u"))
            }
            #expect(error?.refusal == "unavailable")
            #expect(error?.description.contains("FITNESSD_HTTP_LISTEN") == true)
        }
    }
}
