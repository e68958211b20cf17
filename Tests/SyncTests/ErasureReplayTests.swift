import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)
private let other = AthleteID(102)

private func withErasedAthlete(_ body: (SyncRig, _ line: String) async throws -> Void) async throws {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 2, activitiesEach: 4, points: 40...60)
    try await SyncRig.with(world) { rig in
        for athlete in [athlete, other] { try await rig.connect(athlete) }
        try await rig.eraser.erase(athlete, by: .operator)
        let text = try String(contentsOf: rig.receipts, encoding: .utf8)
        try await body(rig, String(try #require(text.split(separator: "\n").last)))
    }
}

extension SyncRig {
    /// The athlete as a backup from before the erasure has them.
    fileprivate func restore(_ athlete: AthleteID) async throws {
        try await connect(athlete)
        try await database.query("UPDATE sync.athlete SET created_at = now() - interval '9 days' WHERE athlete_id = \(athlete)")
    }

    fileprivate func replay(_ lines: String...) async throws -> ErasureReplay.Report {
        var replay = ErasureReplay(eraser: eraser)
        for line in lines {
            let isTaken = replay.add(Array(line.utf8))
            #expect(isTaken)
        }
        return try await replay.run()
    }

    fileprivate var athletes: [Int64] {
        get async throws {
            try await database.query("SELECT athlete_id FROM sync.athlete ORDER BY 1").map { try $0.decode(Int64.self) }
        }
    }
}

@Suite struct ErasureReplayTests {
    @Test func `whom a restored backup brings back is erased again, and revoking again does no harm`() async throws {
        try await withErasedAthlete { rig, line in
            try await rig.restore(athlete)
            let report = try await rig.replay(line, line, "")
            #expect(report == ErasureReplay.Report(receipts: 1, bad: 0, found: 1, erased: 1))
            #expect(try await rig.athletes == [other.rawValue])
            let rows = try await rig.database.query("SELECT requested_by, revocation FROM sync.erasure ORDER BY erasure_no DESC LIMIT 1")
            let (origin, revocation) = try rows[0].decode(String.self, String.self)
            #expect(origin == "replay" && revocation == "revoked")
            #expect(try await rig.replay(line).found == 0)
        }
    }

    @Test func `who has connected again since is no athlete of the backup`() async throws {
        try await withErasedAthlete { rig, line in
            try await rig.connect(athlete)
            #expect(try await rig.replay(line).found == 0)
            #expect(try await rig.athletes == [athlete.rawValue, other.rawValue])
        }
    }

    @Test func `what is no receipt is counted, and a receipt of a key that is not there is named`() async throws {
        try await withErasedAthlete { rig, line in
            let foreign = line.replacing(try #require(rig.environment.vault.tagKeyIDs.first), with: "k0")
                .replacing(#/"athlete_tag":"../#, with: #""athlete_tag":"00"#)
            let report = try await rig.replay(
                foreign, "{", "[]", #"{"athlete_tag":"zz","key_id":"k","requested_at":"2026-01-01T00:00:00Z"}"#, "\u{0}")
            #expect(report == ErasureReplay.Report(receipts: 1, bad: 4, missingKeys: ["k0"], unmatchable: 1))
            #expect(try await rig.athletes == [other.rawValue])
        }
    }

    @Test func `after its start a daemon replays its own file`() async throws {
        try await withErasedAthlete { rig, _ in
            try await rig.restore(athlete)
            try await rig.keeper.runOnce()
            #expect(try await rig.athletes == [other.rawValue])
        }
    }
}
