import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// Erasures by the real process.
@Suite struct EraseTests {
    private static func world() -> SimulatorWorld {
        SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 2, activitiesEach: 6, points: 30...50)
    }

    private func athletes(_ rig: DaemonRig) async throws -> [Int64] {
        try await rig.database.query("SELECT athlete_id FROM sync.athlete ORDER BY 1").map { try $0.decode(Int64.self) }
    }

    @Test func `an erasure that kill -9 interrupts is finished after the restart, and the log of it names nobody`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let gate = rig.simulator.gate(.path("/oauth/revoke"))
            async let erasing = rig.control("athletes", "erase", "101", "--yes")
            await gate.waitForHeld()
            first.signal(SIGKILL)
            _ = try await first.waitForEnd()
            #expect(try await erasing.code != 0)
            gate.open()
            #expect(try await athletes(rig) == [101, 102])
            let second = try await rig.start()
            try await eventually("the erasure is finished") { try await athletes(rig) == [102] }
            try await eventually("the receipt is filed") {
                try await rig.database.query("SELECT FROM sync.erasure WHERE filed_at IS NULL").isEmpty
            }
            let file = try String(contentsOf: rig.folder.appending(path: "erasures.jsonl"), encoding: .utf8)
            #expect(file.split(separator: "\n").count == 1 && file.contains(#""revocation":"revoked""#))
            #expect(!rig.simulator.isConnected(AthleteID(101)))
            #expect(try await rig.control("erasures").output.contains("operator"))
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd() == 0)
            #expect(second.output.contains("athlete erased") && !second.output.contains("101"))
        }
    }

    @Test func `an athlete who revokes access at Strava is erased`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let port = try LoopbackSocket.freePort()
            let daemon = try await rig.start([
                "FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_PUBLIC_URL": "http://127.0.0.1:\(port)",
            ])
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            #expect(try await rig.control("webhook", "subscribe").code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            rig.simulator.deauthorize(AthleteID(101))
            try await eventually("the athlete is erased") { try await athletes(rig) == [102] }
            let rows = try await rig.database.query("SELECT requested_by, revocation FROM sync.erasure")
            let (origin, revocation) = try rows[0].decode(String.self, String.self)
            #expect(origin == "deauthorization" && revocation == "not_needed")
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }
}
