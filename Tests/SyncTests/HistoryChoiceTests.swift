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
private let count = 20
private let newest = 4

/// All but the newest started more than a week ago.
private func world() -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 40 * 86_400).rounded())
    return SimulatorWorld(
        seed: 31, epoch: epoch, athletes: [AthleteSpec(id: athlete, activityCount: count, points: 40...60, kinds: [.run, .ride])])
}

private func settings(_ history: HistoryChoice) -> SyncSettings {
    var settings = SyncSettings()
    settings.history = history
    settings.newestFirstCount = newest
    return settings
}

extension SyncRig {
    fileprivate func with(_ settings: SyncSettings) -> SyncRig {
        SyncRig(
            database: database, simulator: simulator,
            environment: SyncEnvironment(
                database: database, strava: environment.strava, governor: environment.governor, vault: environment.vault,
                writer: environment.writer, clock: environment.clock, settings: settings, logger: environment.logger),
            registry: registry, eraser: eraser, feed: feed, silver: silver, receipts: receipts)
    }

    fileprivate func landed(_ endpoint: String) async throws -> Int {
        try await number("SELECT count(*) FROM sync.completeness WHERE endpoint = \(endpoint) AND state = 'landed'")
    }

    fileprivate var notWanted: Int {
        get async throws {
            try await number("SELECT count(*) FROM sync.completeness WHERE reason = \(HistoryChoice.notWantedReason)")
        }
    }
}

/// What is fetched of the past, and in which order.
@Suite struct HistoryChoiceTests {
    @Test func `streams first fetches the streams of all activities before the details of the past`() async throws {
        try await SyncRig.with(world(), settings: settings(.streamsFirst)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let calls = rig.simulator.requests.map(\.endpoint).filter { ["activity", "streams"].contains($0) }
            let lastStreams = try #require(calls.lastIndex(of: "streams"))
            #expect(calls[...lastStreams].count { $0 == "activity" } == newest)
            #expect(calls[lastStreams...].count { $0 == "activity" } == count - newest)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `streams only leaves the details of the past out with a reason, and they follow when the setting goes back`() async throws {
        try await SyncRig.with(world(), settings: settings(.streamsOnly)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(rig.count("activity") == newest)
            #expect(try await rig.landed("streams") == rig.simulator.truth(for: athlete).count { $0.pointCount > 0 })
            #expect(try await rig.notWanted == count - newest)
            let silver = try await rig.number(
                """
                SELECT count(*) FROM silver.activity a JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id)
                WHERE a.name IS NOT NULL AND a.distance_m IS NOT NULL AND a.start_at IS NOT NULL
                """)
            #expect(silver == rig.simulator.truth(for: athlete).count { $0.pointCount > 0 })
            let price = try await CallCounter(database: rig.database).count(athlete, now: Date())
            #expect(price.history == 0, "what is not wanted costs nothing")
            let back = rig.with(settings(.full))
            try await ScheduleQueries(database: rig.database).resumeHistory(now: Date())
            #expect(try await rig.notWanted == 0)
            try await back.settle()
            #expect(rig.count("activity") == count)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `new activities and changed ones get both, whatever is set for the past`() async throws {
        try await SyncRig.with(world(), settings: settings(.streamsOnly)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            rig.simulator.clearRequests()
            let added = rig.world.addActivity(to: athlete, NewActivity(startAt: Date(timeIntervalSinceNow: -3_600), points: 50))
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(try await rig.states(added) == ["summary": "landed", "detail": "landed", "streams": "landed"])
            #expect(rig.count("activity") == 1 && rig.count("streams") == 1)
        }
    }

    @Test func `a request overrules the setting, for the details as for their order`() async throws {
        try await SyncRig.with(world(), settings: settings(.streamsOnly)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            _ = try await rig.registry.requestSync(athlete, full: false, history: .streamsFirst, by: "test")
            #expect(try await rig.notWanted == 0)
            try await rig.settle()
            #expect(rig.count("activity") == count)
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a request for streams alone ends without the details, which follow in the regular schedule`() async throws {
        try await SyncRig.with(world(), settings: settings(.full)) { rig in
            try await rig.connect(athlete)
            _ = try await rig.registry.requestSync(athlete, full: false, history: .streamsOnly, by: "test")
            try await rig.settle()
            #expect(rig.count("activity") == newest)
            #expect(try await rig.notWanted == 0)
            #expect(try await rig.number("SELECT count(*) FROM sync.schedule WHERE request IS NULL") == 1)
            try await rig.makeDue(athlete)
            try await rig.settle()
            #expect(rig.count("activity") == count)
        }
    }
}
