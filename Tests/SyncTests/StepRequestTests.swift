import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

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
            #expect(Set(rig.simulator.requests.map(\.endpoint)) == ["athlete", "activities"], "whose the grant is comes first")
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

    @Test func `chosen streams come alone, and all of them when asked for later`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.list, .detail], by: "test")
            try await rig.settle()
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.streams], streams: [.heartrate], by: "test")
            try await rig.settle()
            let asked = rig.simulator.requests.filter { $0.endpoint == "streams" }
            #expect(!asked.isEmpty && asked.allSatisfy { $0.query.contains("keys=time,heartrate&") })
            let chosen: SQL = "SELECT count(*) FROM sync.completeness WHERE state = 'landed' AND reason = 'only time,heartrate'"
            #expect(try await rig.number(chosen) == asked.count)
            rig.simulator.clearRequests()
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.streams], streams: [.heartrate], by: "test")
            try await rig.settle()
            #expect(rig.count("streams") == 0, "these are here")
            _ = try await rig.registry.requestSync(athlete, full: false, only: [.streams], by: "test")
            try await rig.settle()
            #expect(rig.count("streams") == asked.count)
            #expect(try await rig.number(chosen) == 0)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a sample is the newest activities, and without it the rest follows`() async throws {
        var settings = SyncSettings()
        settings.sampleCount = 3
        try await SyncRig.with(world(), settings: settings) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let newest = rig.simulator.truth(for: athlete).sorted { $0.startAt > $1.startAt }.prefix(3).map(\.id)
            #expect(Set(rig.simulator.requests.filter { $0.endpoint == "activity" }.compactMap(\.activity)) == Set(newest))
            let left: SQL = "SELECT count(DISTINCT activity_id) FROM sync.completeness WHERE reason = 'beyond the sample'"
            #expect(try await rig.number(left) == 5)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE due_at <= now()") == 0)
            try await ScheduleQueries(database: rig.database).resumeSample(now: Date())
            #expect(try await rig.number(left) == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE due_at <= now()") == 1)
        }
    }

    @Test(arguments: [3, 4, 7, 64, 1_024])
    func `athletes in work share the places, and none is left over`(count: Int) {
        let settings = SyncSettings(athletesInWork: count)
        #expect(settings.urgentPlaces + settings.ordinaryPlaces + settings.historyPlaces == count)
        #expect(min(settings.urgentPlaces, settings.ordinaryPlaces, settings.historyPlaces) >= 1)
    }
}
