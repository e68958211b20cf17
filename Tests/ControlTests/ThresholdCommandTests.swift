import ControlAPI
import Foundation
import Synchronization
import TestKit
import Testing

@Suite struct ThresholdCommandTests {
    private func run(_ daemon: ControlHarness, _ arguments: String...) async throws -> Tool.Ending {
        try await Tool.run(["athletes"] + arguments, socket: daemon.socketPath)
    }

    private static let values: [(arguments: [String], metric: String, sport: String, value: Double)] = [
        (["power", "285"], "power", "ride", 285), (["power", "310w", "--sport", "run"], "power", "run", 310),
        (["pace", "4:30"], "pace", "run", 1_000.0 / 270), (["pace", "4:30/km"], "pace", "run", 1_000.0 / 270),
        // 7:15 a mile are 435 s for 1,609.344 m.
        (["pace", "7:15/mi"], "pace", "run", 1_609.344 / 435), (["pace", "1:35", "--sport", "swim"], "pace", "swim", 100.0 / 95),
        (["pace", "1:27.5/100yd", "--sport", "swim"], "pace", "swim", 91.44 / 87.5),
        (["threshold-heartrate", "172"], "threshold_heartrate", "all", 172), (["max-heartrate", "191 bpm"], "max_heartrate", "all", 191),
        (["rest-heartrate", "47.5"], "rest_heartrate", "all", 47.5), (["critical-power", "262"], "critical_power", "ride", 262),
        (["w-prime", "20.5"], "w_prime", "ride", 20_500), (["w-prime", "18kJ"], "w_prime", "ride", 18_000),
    ]

    @Test(arguments: values)
    func `a value in people's units is stored in the database's`(
        arguments: [String], metric: String, sport: String, value: Double
    ) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let ending = try await Tool.run(
                ["athletes", "set-threshold", "7"] + arguments + ["--from", "2026-01-31", "--json"], socket: daemon.socketPath)
            #expect(ending.code == 0, "\(ending.err)")
            let message = try ControlJSON.decode(ThresholdsMessage.self, from: Array(ending.out.utf8))
            #expect(message.athleteID == 7 && message.thresholds.count == 1)
            let set = try #require(message.thresholds.first)
            #expect(set.metric == metric && set.sport == sport && set.validFrom == "2026-01-31" && abs(set.value - value) < 1e-9)
            let rows = try await daemon.database.query("SELECT count(*) FROM sync.transform_work WHERE athlete_id = 7 AND activity_id = 0")
            #expect(try rows[0].decode(Int.self) == 1)
        }
    }

    @Test func `what is set is shown in people's units, and removed`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let none = try await run(daemon, "thresholds", "7")
            #expect(none.out.hasPrefix("no thresholds are set for athlete 7"))
            for arguments in [["pace", "4:30"], ["pace", "1:35.5", "--sport", "swim"], ["w-prime", "20"], ["max-heartrate", "190"]] {
                let ending = try await Tool.run(
                    ["athletes", "set-threshold", "7"] + arguments + ["--from", "2026-01-31"], socket: daemon.socketPath)
                #expect(ending.code == 0, "\(ending.err)")
            }
            let shown = try await run(daemon, "thresholds", "7")
            let rows = shown.out.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(
                rows == [
                    "sport metric from value", "all max-heartrate 2026-01-31 190 bpm", "ride w-prime 2026-01-31 20 kJ",
                    "run pace 2026-01-31 4:30 /km", "swim pace 2026-01-31 1:35.5 /100 m",
                ])
            let removed = try await run(daemon, "set-threshold", "7", "pace", "--remove", "--sport", "swim")
            #expect(removed.code == 0 && !removed.out.contains("swim") && removed.out.contains("run"))
        }
    }

    @Test(arguments: [
        (["7", "power", "2000000000"], 2), (["7", "power", "2000"], 1), (["7", "power", "285", "--sport", "all"], 1),
        (["7", "max-heartrate", "255"], 1), (["7", "power", "285", "--from", "2026-02-30"], 1), (["8", "power", "285"], 1),
        (["7", "pace", "--remove"], 1), (["7", "power", "285", "--from", "2999-01-01"], 1),
    ])
    func `what can't be set is refused with one sentence`(arguments: [String], code: Int) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let ending = try await Tool.run(["athletes", "set-threshold"] + arguments, socket: daemon.socketPath)
            #expect(Int(ending.code) == code && ending.out.isEmpty, "\(ending)")
            if code == 1 { #expect(ending.err.split(separator: "\n").count == 1) }
        }
    }

    @Test(arguments: [
        #"{"metric":"ftp","value":285}"#, #"{"metric":"power"}"#, #"{"metric":"power","value":"285"}"#,
        #"{"metric":"power","value":285,"sport":"ski"}"#, #"{"metric":"power","value":285,"valid_from":"31.1.2026"}"#,
        #"{"metric":"power","value":1e400}"#, "[]", "",
    ])
    func `a body that names no threshold is a bad request`(body: String) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let error = await #expect(throws: ControlClientError.self) { try await send(body, to: daemon) }
            #expect(error?.refusal == "bad_request")
        }
    }

    private func send(_ body: String, to daemon: ControlHarness) async throws {
        let rest = Mutex(Array(body.utf8))
        _ = try await daemon.client.upload(ControlTarget(.setThreshold, athlete: 7)) {
            rest.withLock { rest in
                defer { rest = [] }
                return rest.isEmpty ? nil : rest
            }
        }
    }
}
