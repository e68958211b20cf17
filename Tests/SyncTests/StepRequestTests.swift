import Core
import Foundation
import Simulator
import TestKit
import Testing
import Warehouse

@testable import Sync

private let athlete = AthleteID(101)

private func world(_ activities: Int = 8) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 11, epoch: epoch, athleteCount: 1, activitiesEach: activities, points: 40...60)
}

@Suite struct StepRequestTests {
    @Test func `a request for the list alone lists, and the rest follows in the ordinary rhythm`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            try await rig.settle()
            #expect(Set(rig.simulator.requests.map(\.endpoint)) == ["activities"])
            #expect(try await rig.number("SELECT count(*) FROM sync.activity") == 8)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NULL") == 1)
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a request for streams alone goes past any number of details`() async throws {
        try await SyncRig.with(world(150)) { rig in
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list], by: "test")
            try await rig.settle()
            rig.simulator.clearRequests()
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.streams], by: "test")
            try await rig.settle()
            let truth = rig.simulator.truth(for: athlete)
            #expect(Set(rig.simulator.requests.map(\.endpoint)) == ["streams"])
            #expect(rig.count("streams") == truth.count { !$0.isManual })
            #expect(try await rig.number("SELECT count(*) FROM sync.completeness WHERE endpoint = 'detail' AND state = 'pending'") == 150)
        }
    }

    @Test func `a request for all takes no place of connect and manual work`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.registry.requestSync(nil, full: true, by: "test") == 1)
            #expect(try await rig.number("SELECT priority::bigint FROM sync.schedule") == 2)
            let plan = SyncPlan(settings: SyncSettings())
            var state = SyncState(cursor: SyncCursor(walkStartedAt: .distantPast, listedAt: .distantPast, historyCompleteAt: .distantPast))
            state.request = SyncRequest(full: true, by: "test", at: 0, bulk: true)
            #expect(plan.requestClass(.list(ListPass(kind: .walk, page: 1, after: nil)), state: state, now: Date()) == .repair)
            state.request?.bulk = nil
            #expect(plan.requestClass(.list(ListPass(kind: .walk, page: 1, after: nil)), state: state, now: Date()) == .connect)
        }
    }

    @Test func `a request of an older version is still read`() throws {
        let old = try JSONDecoder().decode(SyncRequest.self, from: Data(#"{"full": true, "by": "x", "at": 5}"#.utf8))
        #expect(old == SyncRequest(full: true, by: "x", at: 5))
        #expect(old.wants(.streams) && !old.isBulk)
    }
}
