import Core
import Foundation
import Simulator
import SyncStore
import TestKit
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)
private let day = 86_400.0
private let athlete = AthleteID(101)

private func ago(_ seconds: Double) -> Date { now.addingTimeInterval(-seconds) }

/// When a profile is read.
@Suite struct ProfileRhythmTests {
    private let settings = SyncSettings()

    /// What is due of an athlete whose own objects were all read at `checked`.
    private func due(
        checked: Date, listed: Date? = nil, request: SyncRequest? = nil, training: Int = 1, _ change: (inout SyncState) -> Void = { _ in }
    ) -> AthleteObject? {
        let load = FleetLoad(athletes: 10_000, activities: 0, training: training)
        let plan = SyncPlan(settings: settings, pace: SyncPace(load: load, dayLimit: 30_000, settings: settings))
        var state = SyncState(cursor: SyncCursor(newestStartAt: now, listedAt: now, historyCompleteAt: ago(30 * day)))
        state.objects = .landed(at: checked)
        (state.newestFirstListedAt, state.request) = (listed, request)
        change(&state)
        return plan.dueObject(state, now: now)
    }

    private func request(full: Bool = false, bulk: Bool? = nil) -> SyncRequest {
        SyncRequest(full: full, by: "test", at: ago(5).timeIntervalSince1970, bulk: bulk)
    }

    @Test func `each sync that was asked for reads the profile once`() {
        for request in [request(), request(full: true), request(bulk: true), request(full: true, bulk: true)] {
            #expect(due(checked: ago(60), request: request) == .profile)
            #expect(due(checked: ago(1), request: request) == nil)
        }
    }

    @Test func `a look of the rhythm does not`() { #expect(due(checked: ago(60), listed: ago(1)) == nil) }

    @Test func `after a day the profile of an athlete with a new activity is read, of others after a week`() {
        #expect(due(checked: ago(day), listed: ago(day / 2)) == .profile)
        #expect(due(checked: ago(day - 1), listed: ago(day / 2)) == nil)
        #expect(due(checked: ago(day), listed: ago(2 * day)) == nil, "known when the profile was read")
        #expect(due(checked: ago(6 * day), listed: ago(6.5 * day)) == nil)
        #expect(due(checked: ago(7 * day)) == .profile)
    }

    @Test func `the history that the first walk finds is nothing new`() {
        #expect(due(checked: ago(2 * day), listed: ago(day)) { $0.cursor.firstCompleteAt = ago(day / 2) } == nil)
        #expect(due(checked: ago(2 * day), listed: ago(day)) { $0.cursor.firstCompleteAt = nil } == nil)
    }

    @Test func `when many train, the profiles of all of them are read less often`() {
        // 1,800 of 600 reads a day: every third day.
        #expect(due(checked: ago(2 * day), listed: ago(day), training: 1_800) == nil)
        #expect(due(checked: ago(3 * day), listed: ago(day), training: 1_800) == .profile)
    }

    @Test func `stats are read after a week, whatever is asked for`() {
        func stats(_ checked: Date, _ request: SyncRequest? = nil) -> AthleteObject? {
            due(checked: ago(1), listed: ago(0), request: request) {
                $0.objects[2] = ObjectStanding(.stats, state: .landed, checkedAt: checked)
            }
        }
        #expect(stats(ago(7 * day)) == .stats)
        #expect(stats(ago(6 * day), request(full: true)) == nil)
    }

    @Test func `a profile that was set aside is read in the same rhythm and stays set aside until it is good`() {
        func profile(_ checked: Date, _ request: SyncRequest? = nil) -> AthleteObject? {
            due(checked: ago(1), request: request) { $0.objects[0] = ObjectStanding(.profile, state: .quarantined, checkedAt: checked) }
        }
        #expect(profile(ago(60)) == nil && profile(ago(60), request()) == .profile && profile(ago(7 * day)) == .profile)
        let standing = ObjectStanding(.profile, state: .quarantined, checkedAt: ago(60))
        #expect(standing.answeredWrongly(.wrongShape, now: now).state == .quarantined)
    }
}

/// The profile at Strava changes, of which no event tells.
@Suite struct ProfileChangeTests {
    private func world() -> SimulatorWorld {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        return SimulatorWorld(
            seed: 3, epoch: epoch, athletes: [AthleteSpec(id: athlete, activityCount: 3, points: 40...60, ftp_w: 250)])
    }

    @Test(arguments: [true, false])
    func `an FTP set at Strava is here after a sync that was asked for, full or not`(isFull: Bool) async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            rig.world.setFTP(300, of: athlete)
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.count("athlete") == 1, "nobody has asked")
            _ = try await rig.registry.requestSync(athlete, full: isFull, by: "test")
            try await rig.settle()
            #expect(rig.count("athlete") == 2)
            #expect(try await rig.number("SELECT ftp_w FROM silver.athlete") == 300)
            let history = try await rig.database.query(
                "SELECT ftp_w::int FROM silver.athlete_history WHERE ftp_w IS NOT NULL ORDER BY valid_from")
            #expect(try history.map { try $0.decode(Int.self) } == [250, 300])
        }
    }

    @Test func `a profile that was set aside comes back with a sync, once it is mended at Strava`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let profile = RequestMatch { _, path, _ in path.hasSuffix("/athlete") }
            rig.simulator.faults.append(Fault(match: profile, times: .forever, response: .status(200, #"{"message":"error"}"#)))
            for _ in 0...OutcomeRules.wrongAnswerWaits_s.count {
                _ = try await rig.registry.requestSync(athlete, full: false, by: "test")
                try await rig.settle()
                try await rig.database.query("UPDATE sync.athlete_object SET next_try_at = now() WHERE state = 'failed'")
            }
            let state: SyncState = try await standing(rig)
            #expect(state.standing(of: .profile).state == .quarantined)
            rig.simulator.faults.removeAll()
            rig.world.setFTP(300, of: athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, by: "test")
            try await rig.settle()
            #expect(try await rig.number("SELECT ftp_w FROM silver.athlete") == 300)
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine") == 0)
        }
    }

    private func standing(_ rig: SyncRig) async throws -> SyncState {
        try await rig.makeDue(athlete)
        guard let claim = try await rig.claim().first else { return SyncState() }
        let queries = TurnQueries(database: rig.database, claim: claim, newestCount: 30)
        let state = try await queries.state(nil, now: Date()).0
        try await queries.finish(
            TurnEnd(outcome: .stopped, nextDueAt: Date(), priority: 2, requests: 0, landed: 0, startedAt: Date()), now: Date())
        return state
    }

    @Test func `stats land beside the profile and count what everyone may see`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let open = rig.simulator.truth(for: athlete).filter { $0.visibility == .everyone }
            let counted = try await rig.number(
                """
                SELECT (convert_from(body, 'UTF8')::jsonb #>> '{all_run_totals,count}')::int
                     + (convert_from(body, 'UTF8')::jsonb #>> '{all_ride_totals,count}')::int
                     + (convert_from(body, 'UTF8')::jsonb #>> '{all_swim_totals,count}')::int
                FROM bronze_strava.answer WHERE endpoint = 8 AND object_id = athlete_id
                """)
            let sports: Set = ["Run", "TrailRun", "Ride", "VirtualRide", "Swim"]
            #expect(counted == open.count { sports.contains($0.sportType) })
        }
    }
}
