import Core
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// `kill -9` at random moments of first syncs.
@Suite struct KillTests {
    private static let kills = 60
    /// Answers that may be fetched, or in flight, and not yet landed when the daemon dies: of all athletes, and of one.
    private static let (openMax, openOfOneMax) = (32, 16)

    @Test func `kill -9 in the middle of first syncs, 60 times, loses nothing and fetches nothing committed again`() async throws {
        let world = SimulatorWorld(seed: 11, epoch: epoch, athleteCount: 6, activitiesEach: 110, points: 30...60)
        try await DaemonRig.with(world) { rig in
            // Slow enough that the work outlasts the kills.
            rig.simulator.faults.append(.init(match: .path("/api/v3"), times: .forever, response: .delay(.milliseconds(120))))
            var random = SeededRandom(seed: modelSeed)
            var committed: Set<ActivityID> = []
            for kill in 1...Self.kills {
                let daemon = try await rig.start()
                if kill == 1 { #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0) }
                await rig.simulator.waitForRequests { $0.endpoint == "streams" }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                committed = try await Self.kill(daemon, rig, committed: committed, "kill \(kill), seed \(modelSeed)")
            }
            rig.simulator.faults.removeAll()
            let last = try await rig.start()
            try await eventually("all is in silver", within: .seconds(120)) { try await rig.isComplete() }
            #expect(try await rig.differences() == [])
            last.signal(SIGTERM)
            #expect(try await last.waitForEnd() == 0)
        }
    }

    /// Kills the daemon and compares what it fetched with what is committed.
    /// - Parameter committed: what was committed before it started.
    /// - Returns: the activities whose streams are committed now.
    private static func kill(
        _ daemon: DaemonProcess, _ rig: DaemonRig, committed: Set<ActivityID>, _ instant: String
    ) async throws -> Set<ActivityID> {
        daemon.signal(SIGKILL)
        _ = try await daemon.waitForEnd()
        try await rig.waitForEndOfSessions()
        let streams = rig.simulator.requests.filter { $0.endpoint == "streams" && $0.status == 200 }
        let fetched = Set(streams.compactMap(\.activity))
        rig.simulator.clearRequests()
        let landed = try await rig.committedStreams()
        #expect(fetched.isDisjoint(with: committed), "\(instant): what was committed is fetched again")
        #expect(landed.isSuperset(of: committed), "\(instant): what was committed is lost")
        #expect(fetched.subtracting(landed).count <= openMax, "\(instant): more is lost than can be in flight and not landed")
        let lost = Dictionary(grouping: streams.filter { $0.activity.map { !landed.contains($0) } ?? false }, by: \.athlete)
        #expect(lost.values.allSatisfy { $0.count <= openOfOneMax }, "\(instant): one athlete loses more than a turn may have open")
        let all = rig.simulator.world.athleteIDs.reduce(0) { $0 + rig.simulator.truth(for: $1).filter { $0.streams != nil }.count }
        #expect(landed.count < all, "\(instant): the kill is in the middle")
        return landed
    }
}

extension DaemonRig {
    /// The activities whose streams are in bronze.
    fileprivate func committedStreams() async throws -> Set<ActivityID> {
        let rows = try await database.query("SELECT activity_id FROM sync.completeness WHERE endpoint = 'streams' AND state = 'landed'")
        return Set(try rows.map { try $0.decode(ActivityID.self) })
    }

    /// Until PostgreSQL notices, a killed daemon's transaction may still commit.
    fileprivate func waitForEndOfSessions() async throws {
        try await eventually("the killed daemon's sessions are gone") {
            try await database.query(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fitnessd'"
            ).isEmpty
        }
    }
}
