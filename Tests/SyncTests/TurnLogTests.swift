import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// The ids by which the log lines of a turn are found.
@Suite struct TurnLogTests {
    private let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 2, activitiesEach: 2, points: 20...30)

    /// The value of `key` in each line with `phrase`.
    private func values(_ key: String, _ phrase: String, in log: LogCapture) throws -> [String] {
        try log.text.split(separator: "\n").filter { $0.contains(phrase) }.map { line in
            let value = line.firstMatch(of: try Regex("\"\(key)\": \"?([0-9a-f]{16})", as: (Substring, Substring).self))
            return try #require(value.map { String($0.1) }, "\(line)")
        }
    }

    @Test func `each turn's lines have an id of their own, which its row has, too`() async throws {
        let log = LogCapture()
        try await SyncRig.with(world, logger: log.logger) { rig in
            for athlete in rig.world.athleteIDs { try await rig.connect(athlete) }
            rig.simulator.faults.append(Fault(match: .list, times: .forever, response: .malformed))
            try await rig.turn()
            let logged = try values("run", "list not readable", in: log)
            #expect(Set(logged).count == 2)
            let stored = try await rig.database.query("SELECT log_id FROM sync.run").map { try $0.decode(String.self) }
            #expect(Set(stored) == Set(logged))
        }
    }

    @Test func `a turn that was asked for over HTTP also has the id of that request`() async throws {
        let log = LogCapture()
        try await SyncRig.with(world, logger: log.logger) { rig in
            let athlete = rig.world.athleteIDs[0]
            try await rig.connect(athlete)
            let id = LogID()
            _ = try await LogContext.$current.withValue(LogContext(requestID: id)) {
                try await rig.registry.requestSync(athlete, full: false, by: "test")
            }
            rig.simulator.faults.append(Fault(match: .list, times: .forever, response: .malformed))
            try await rig.turn()
            #expect(try values("request_id", "list not readable", in: log) == [id.description])
        }
    }
}
