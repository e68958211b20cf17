import Core
import Database
import Foundation
import Simulator
import StravaAPI
import SyncStore
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)
private let now = Date(timeIntervalSince1970: 1_790_000_000)

private func world(_ activities: Int = 12) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 23, epoch: epoch, athleteCount: 1, activitiesEach: activities, points: 40...60)
}

extension [ObjectStanding] {
    /// Profile, zones and stats, all asked for at `instant`.
    static func landed(at instant: Date) -> [ObjectStanding] {
        AthleteObject.always.map { ObjectStanding($0, state: .landed, checkedAt: instant) }
    }
}

extension SyncRig {
    fileprivate func objects() async throws -> [String: String] {
        let rows = try await database.query(
            "SELECT concat_ws(' ', endpoint, nullif(object, '')), concat_ws(' ', state, reason) FROM sync.athlete_object")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(String.self, String.self) })
    }

    fileprivate func text(_ sql: SQL) async throws -> [String] { try await database.query(sql).map { try $0.decode(String.self) } }
}

@Suite struct AthleteObjectTests {
    @Test func `zones and gear that activities name land and reach silver`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let named = Set(try await rig.text("SELECT DISTINCT gear_id FROM silver.activity WHERE gear_id IS NOT NULL"))
            #expect(!named.isEmpty)
            let objects = try await rig.objects()
            #expect(objects["profile"] == "landed" && objects["athlete_zones"] == "landed")
            #expect(Set(objects.keys) == Set(named.map { "gear \($0)" } + ["profile", "athlete_zones", "athlete_stats"]))
            #expect(objects.values.allSatisfy { $0 == "landed" })
            #expect(rig.count("gear") == named.count && rig.count("athlete_zones") == 1 && rig.count("athlete") == 1)
            #expect(rig.count("athlete_stats") == 1)
            let sets = try await rig.text("SELECT metric || lower_bounds::text FROM silver.athlete_zone_set WHERE NOT is_default")
            #expect(sets.contains("heartrate{0,111,139,152,166}"))
            let own = try await rig.number("SELECT count(*) FROM silver.activity_zone_time WHERE metric = 'heartrate' AND NOT is_default")
            #expect(own > 0)
            #expect(try await rig.number("SELECT count(*) FROM silver.activity_zone_time WHERE metric = 'heartrate' AND is_default") == 0)
            let brands = try await rig.number("SELECT count(*) FROM silver.gear WHERE brand IS NOT NULL AND strava_distance_m > 0")
            #expect(brands == named.count)
        }
    }

    @Test func `without the right to the whole profile the zones have that reason and are not asked for again`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete, scopes: [.read, .activityRead, .activityReadAll])
            try await rig.settle()
            #expect(try await rig.objects()["athlete_zones"] == "no_scope profile:read_all")
            rig.simulator.clearRequests()
            try await rig.walkAgain(athlete)
            #expect(rig.count("athlete_zones") == 0)
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.objects()["athlete_zones"] == "landed", "a new grant asks again")
        }
    }

    @Test func `gear that is not there has that reason, and an error waits longer each time`() async throws {
        try await SyncRig.with(world()) { rig in
            let gear = RequestMatch { _, path, _ in path.contains("/gear/") }
            let zones = RequestMatch { _, path, _ in path.hasSuffix("/athlete/zones") }
            rig.simulator.faults.append(Fault(match: gear, times: .forever, response: .status(404, "{}")))
            rig.simulator.faults.append(Fault(match: zones, times: .forever, response: .status(500, #"{"message":"error"}"#)))
            try await rig.connect(athlete)
            try await rig.settle()
            let objects = try await rig.objects()
            #expect(objects.filter { $0.key.hasPrefix("gear") }.allSatisfy { $0.value == "gone 404" })
            #expect(objects["athlete_zones"] == "failed server_error")
            #expect(try await rig.differences(athlete) == [])
            #expect(rig.count("athlete_zones") == 1)
            try await rig.database.query("UPDATE sync.athlete_object SET next_try_at = now() WHERE state = 'failed'")
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.count("athlete_zones") == 2)
            let waits = try await rig.database.query(
                "SELECT extract(epoch FROM next_try_at - now())::float8, attempts FROM sync.athlete_object WHERE state = 'failed'")
            let (wait, attempts) = try waits[0].decode(Double.self, Int.self)
            #expect(attempts == 2 && (550...600).contains(wait))
        }
    }

    @Test func `an unchanged profile is not asked for again before its time`() async throws {
        try await SyncRig.with(world(3)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await rig.database.query("UPDATE sync.athlete_object SET checked_at = checked_at - interval '8 days'")
            try await rig.database.query("UPDATE bronze_strava.answer SET fetched_at = fetched_at - interval '8 days'")
            for _ in 0..<3 {
                try await rig.makeDue(athlete)
                try await rig.settle()
            }
            #expect(rig.count("athlete") == 2)
        }
    }

    @Test func `after a walk zones are asked for again, and gear in use unless the profile tells its mileage`() throws {
        let plan = SyncPlan(settings: SyncSettings())
        let shoes = try #require(AthleteObject.gear("g5"))
        func due(zones: CompletenessState, walkedAt: Date, usedAt: Date) -> AthleteObject? {
            var state = SyncState(
                cursor: SyncCursor(walkStartedAt: walkedAt, newestStartAt: now, listedAt: now, historyCompleteAt: walkedAt))
            state.objects = .landed(at: now) + [ObjectStanding(shoes, state: .landed, checkedAt: now, usedAt: usedAt)]
            state.objects[1].state = zones
            return plan.dueObject(state, now: now)
        }
        let (before, after) = (now.addingTimeInterval(-60), now.addingTimeInterval(60))
        #expect(due(zones: .landed, walkedAt: before, usedAt: after) == nil)
        #expect(due(zones: .landed, walkedAt: after, usedAt: after) == .zones)
        #expect(due(zones: .noScope, walkedAt: after, usedAt: after) == shoes)
        #expect(due(zones: .noScope, walkedAt: after, usedAt: before) == nil)
        #expect(due(zones: .noScope, walkedAt: before, usedAt: after) == nil)
    }

    @Test(arguments: [("b7", 7), ("g7", -7), ("x7", nil), ("b", nil), ("", nil), ("b1/../2", nil), ("b1234567890123456789", nil)])
    func `gear has a number of its own kind, and what is no gear has none`(id: String, number: Int64?) {
        #expect(AthleteObject.gear(id)?.answerID(athlete) == number)
    }
}
