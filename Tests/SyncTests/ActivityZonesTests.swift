import Core
import Foundation
import Simulator
import StravaAPI
import SyncStore
import TestKit
import Testing

@testable import ControlServer
@testable import Sync

private let athlete = AthleteID(101)

private func world(_ activities: Int = 12, isSubscriber: Bool = true) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(
        seed: 29, epoch: epoch,
        athletes: [AthleteSpec(id: athlete, activityCount: activities, points: 40...60, kinds: [.run, .ride], isSubscriber: isSubscriber)])
}

private func settings(zones: Bool) -> SyncSettings {
    var settings = SyncSettings()
    settings.fetchesActivityZones = zones
    return settings
}

extension SyncRig {
    fileprivate func zones() async throws -> [String: Int] {
        let rows = try await database.query(
            "SELECT concat_ws(' ', state, reason), count(*) FROM sync.completeness WHERE endpoint = 'zones' GROUP BY 1")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(String.self, Int.self) })
    }

    /// The same database and Strava with other settings.
    fileprivate func with(_ settings: SyncSettings) -> SyncRig {
        SyncRig(
            database: database, simulator: simulator,
            environment: SyncEnvironment(
                database: database, strava: environment.strava, governor: environment.governor, vault: environment.vault,
                writer: environment.writer, clock: environment.clock, settings: settings, logger: environment.logger),
            registry: registry, eraser: eraser, feed: feed, silver: silver, receipts: receipts)
    }
}

/// Strava's own zones of activities, which are fetched only if the operator wants them.
@Suite struct ActivityZonesTests {
    @Test func `they are not asked for unless they are wanted`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(rig.count("activity_zones") == 0)
            #expect(try await rig.zones() == [:])
        }
    }

    @Test func `one call for each activity, behind all details and streams`() async throws {
        try await SyncRig.with(world(), settings: settings(zones: true)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let truth = rig.simulator.truth(for: athlete)
            #expect(rig.count("activity_zones") == truth.count)
            let order = rig.simulator.requests.map(\.endpoint)
            let first = try #require(order.firstIndex(of: "activity_zones"))
            #expect(!order[first...].contains { ["activity", "streams", "activities"].contains($0) })
            let landed = try await rig.number("SELECT count(*) FROM bronze_strava.answer WHERE endpoint = 6")
            let states = try await rig.zones()
            // Without a heart rate there are none.
            #expect(states["landed"] ?? 0 == landed && landed > 0)
            #expect(landed + (states["empty empty answer"] ?? 0) == truth.count)
            #expect(try await rig.differences(athlete) == [])
            rig.simulator.clearRequests()
            try await rig.walkAgain(athlete)
            #expect(rig.count("activity_zones") == 0)
        }
    }

    @Test func `an activity that changed has its zones fetched again, and the price counts them`() async throws {
        try await SyncRig.with(world(), settings: settings(zones: true)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let id = try #require(rig.simulator.truth(for: athlete).first).id
            #expect(rig.world.crop(id, keeping: 0.5))
            _ = try await rig.registry.requestSync(athlete, full: true, only: [.list], by: "test")
            try await rig.turn()
            let calls = try await CallCounter(database: rig.database).count(athlete, full: false, only: nil, now: Date())
            #expect(calls.activityZones == 1 && calls.detail == 1 && calls.streams == 1)
            rig.simulator.clearRequests()
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.count("activity_zones") == 1)
        }
    }

    @Test func `the first refusal to an athlete who does not subscribe stands for all activities`() async throws {
        try await SyncRig.with(world(40, isSubscriber: false), settings: settings(zones: true)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            // Those that were open side by side with the first one.
            #expect((1...rig.environment.settings.callsInFlightPerAthlete).contains(rig.count("activity_zones")))
            #expect(try await rig.zones() == ["no_scope payment required": 40])
            #expect(try await rig.differences(athlete) == [])
            rig.simulator.clearRequests()
            for _ in 0..<3 {
                try await rig.makeDue(athlete)
                try await rig.settle()
            }
            #expect(rig.count("activity_zones") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE last_error IS NOT NULL") == 0)
        }
    }

    @Test(arguments: [(403, "no_scope forbidden"), (404, "empty 404"), (402, "no_scope payment required")])
    func `a refusal is noted with its reason, not repeated, and disturbs nothing else`(status: Int, state: String) async throws {
        try await SyncRig.with(world(3), settings: settings(zones: true)) { rig in
            let zones = RequestMatch { _, path, _ in path.contains("/activities/") && path.hasSuffix("/zones") }
            rig.simulator.faults.append(Fault(match: zones, times: .forever, response: .status(status, #"{"message":"no"}"#)))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.zones() == [state: 3])
            #expect(try await rig.number("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL") == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine") == 0)
            #expect(try await rig.differences(athlete) == [])
            let count = rig.count("activity_zones")
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.count("activity_zones") == count)
        }
    }

    @Test func `an answer that is no zones is set aside and asked for again later`() async throws {
        try await SyncRig.with(world(1), settings: settings(zones: true)) { rig in
            let zones = RequestMatch { _, path, _ in path.contains("/activities/") && path.hasSuffix("/zones") }
            rig.simulator.faults.append(Fault(match: zones, times: 1, response: .status(200, #"[{"name":"ride"}]"#)))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.zones() == ["failed wrong_shape": 1])
            try await rig.database.query("UPDATE sync.completeness SET next_try_at = now() WHERE state = 'failed'")
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.zones() == ["landed": 1])
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine") == 0)
        }
    }

    @Test func `switched on later they follow with the next walk, switched off they are forgotten`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let wanting = rig.with(settings(zones: true))
            _ = try await rig.registry.requestSync(athlete, full: true, only: [.list], by: "test")
            try await wanting.settle()
            #expect(rig.count("activity_zones") == 0)
            #expect(try await rig.zones() == ["pending": 12])
            try await ScheduleQueries(database: rig.database).forgetZones()
            #expect(try await rig.zones() == [:])
            _ = try await rig.registry.requestSync(athlete, full: true, by: "test")
            try await wanting.settle()
            #expect(rig.count("activity_zones") == 12)
            #expect(try await rig.number("SELECT count(*) FROM sync.completeness WHERE endpoint = 'zones' AND state = 'pending'") == 0)
        }
    }

    @Test func `what retention removed is not asked for by them`() async throws {
        try await SyncRig.with(world(2)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await rig.database.query("UPDATE sync.completeness SET state = 'expired' WHERE state = 'landed'")
            try await rig.with(settings(zones: true)).walkAgain(athlete)
            #expect(try await rig.zones() == [:])
        }
    }

    @Test func `in the plan they come last and as history, and not with single steps`() {
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        func item(_ id: Int64, _ missing: [CompletenessEndpoint: Int]) -> WorkItem {
            WorkItem(activityID: ActivityID(id), startAt: now, firstListedAt: now, lastListedAt: now, missing: missing)
        }
        let plan = SyncPlan(settings: settings(zones: true))
        var state = SyncState(cursor: SyncCursor(walkStartedAt: now, newestStartAt: now, listedAt: now, historyCompleteAt: now))
        state.objects = .landed(at: now)
        state.newestThreshold = .distantPast
        state.work = [item(1, [.detail: 0]), item(2, [.zones: 0]), item(1, [.zones: 0])]
        #expect(plan.next(state, now: now) == .fetch(state.work[0]))
        state.settled(ActivityID(1), .detail)
        #expect(state.work.count == 2)
        let step = plan.next(state, now: now)
        #expect(step == .fetch(item(2, [.zones: 0])))
        #expect(plan.requestClass(step, state: state, now: now) == .history)
        state.request = SyncRequest(full: false, by: "test", at: 0, only: [.detail])
        guard case .done = plan.next(state, now: now) else {
            Issue.record("zones were asked for by a request for details")
            return
        }
    }
}
