import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)

private func world(_ activities: Int = 12) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: activities, points: 40...90)
}

/// Looks for what is new: cheap as a rule, and nothing stays unseen.
@Suite struct LookTests {
    private static let histories = 60
    /// Calls of one pass take some seconds each.
    private static let slack_s = 600.0

    @Test func `whatever comes in whatever order is found in time, by looks and walks together`() async {
        for seed in (0..<Self.histories).map({ modelSeed &+ UInt64($0) }) {
            var model = LookModel(seed: seed)
            model.run()
            await Task.yield()
            #expect(!model.isRefused, "seed \(seed)")
            let settings = model.settings
            let back_s = max(settings.lookBackInterval_s, 4 * model.longestInterval_s)
            for activity in model.activities {
                let isRecent = activity.uploadedAt.timeIntervalSince(activity.start) <= settings.lookBack_s
                let most_s = activity.isNewest ? 0 : isRecent ? back_s : settings.walkInterval_s
                let due = max(activity.uploadedAt, LookModel.begin) + most_s + model.longestInterval_s + Self.slack_s
                if due > model.end { continue }
                #expect(activity.foundAt.map { $0 <= due } ?? false, "seed \(seed): \(activity) not by \(due)")
            }
        }
    }

    @Test func `a look costs little more than one call`() async {
        var (looks, calls) = (0, 0)
        for seed in (0..<30).map({ modelSeed &+ UInt64($0) }) {
            var model = LookModel(seed: seed, isOrdinary: true)
            model.run()
            await Task.yield()
            looks += model.looks
            calls += model.lookCalls
        }
        let expected = SyncPace(settings: SyncSettings()).callsPerLook
        #expect(Double(calls) <= expected * Double(looks), "seed \(modelSeed): \(calls) calls for \(looks) looks")
    }

    @Test func `a second device's upload is found by a look that reaches back, an ordinary one leaves it`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await upload(rig, startedAgo_s: 7_200)
            rig.world.addActivity(to: athlete, NewActivity(startAt: Date() - 7_260, points: 50))
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == 13)
            try await rig.database.query("UPDATE sync.cursor SET walk_started_at = walk_started_at - interval '7 hours'")
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.number("SELECT count(*) FROM sync.cursor WHERE looked_back_at > walk_started_at") == 1)
            rig.simulator.clearRequests()
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.simulator.requests.map(\.endpoint) == ["activities"], "the next look is an ordinary one again")
        }
    }

    /// Something new that the next look finds.
    private func upload(_ rig: SyncRig, startedAgo_s: Double) async throws {
        rig.world.addActivity(to: athlete, NewActivity(startAt: Date() - startedAgo_s, points: 50))
        try await rig.makeDue(athlete)
        try await rig.settle()
        #expect(try await rig.differences(athlete) == [])
    }

    @Test func `a sync that is asked for reaches back`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await upload(rig, startedAgo_s: 7_200)
            rig.world.addActivity(to: athlete, NewActivity(startAt: Date() - 40 * 3_600, points: 50))
            _ = try await rig.registry.requestSync(athlete, full: false, by: "test")
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }
}
