import Core
import Database
import Foundation
import Simulator
import SyncStore
import TestKit
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)  // 2026-09-21 14:13:20 UTC
private let athlete = AthleteID(101)

private func fact(
    _ metric: ThresholdMetric, _ value: Double, _ sport: ThresholdSport? = nil, from day: String = "2026-01-31"
) -> AthleteThreshold {
    AthleteThreshold(metric, of: sport ?? metric.standardSport, from: CalendarDay(day) ?? CalendarDay(now), value: value)
}

@Suite struct ThresholdRulesTests {
    private func fault(_ new: AthleteThreshold, known: [AthleteThreshold] = []) -> String? {
        ThresholdRules(known: known, now: now).fault(of: new)
    }

    @Test(arguments: [
        fact(.power, 30), fact(.power, 1_000, .run), fact(.criticalPower, 250), fact(.wPrime, 1_000), fact(.wPrime, 100_000),
        fact(.pace, 0.5, .swim), fact(.pace, 12), fact(.thresholdHeartrate, 30, .swim), fact(.maxHeartrate, 240),
        fact(.restHeartrate, 41.5),
        fact(.power, 250, from: "1970-01-01"), fact(.power, 250, from: "2026-09-21"), fact(.power, 250, from: "2026-09-22"),
    ])
    func `what a person may have can be set`(new: AthleteThreshold) { #expect(fault(new) == nil) }

    @Test(arguments: [
        (fact(.power, 29.9), "30 to 1,000 W"), (fact(.power, 2e9), "30 to 1,000 W"), (fact(.criticalPower, 1_001), "30 to 1,000 W"),
        (fact(.wPrime, 20), "1 to 100 kJ"), (fact(.pace, 4.5 * 60), "33:20 to 1:24 per km"), (fact(.pace, 0), "0.5 to 12 m/s"),
        (fact(.pace, .nan), "0.5 to 12 m/s"), (fact(.maxHeartrate, 255), "30 to 240"), (fact(.power, 250, .all), "ride or run"),
        (fact(.power, 250, .swim), "ride or run"), (fact(.pace, 4, .ride), "run or swim"),
        (fact(.restHeartrate, 50, .run), "leave the sport out"),
        (fact(.power, 250, from: "2026-09-23"), "1970-01-01 to today"),
    ])
    func `what nobody has is refused, with what is possible`(new: AthleteThreshold, part: String) {
        #expect(fault(new)?.contains(part) == true, "\(fault(new) ?? "-")")
    }

    @Test func `resting, threshold and maximum heart rate rise in this order`() {
        let known = [fact(.restHeartrate, 48), fact(.maxHeartrate, 190)]
        #expect(fault(fact(.thresholdHeartrate, 170), known: known) == nil)
        #expect(fault(fact(.thresholdHeartrate, 190), known: known)?.contains("max_heartrate of 190 bpm") == true)
        #expect(fault(fact(.thresholdHeartrate, 45), known: known)?.contains("rest_heartrate of 48 bpm") == true)
        #expect(fault(fact(.maxHeartrate, 47), known: [fact(.restHeartrate, 48)]) != nil, "without a threshold, too")
        #expect(fault(fact(.maxHeartrate, 150), known: known) == nil, "the old maximum is replaced")
    }

    @Test func `a heart rate is compared with what holds on the same days, in each sport`() {
        let max = [fact(.maxHeartrate, 190, from: "2020-01-01"), fact(.maxHeartrate, 180, from: "2025-01-01")]
        #expect(fault(fact(.thresholdHeartrate, 185, from: "2025-06-01"), known: max) != nil)
        #expect(fault(fact(.thresholdHeartrate, 185, from: "2021-01-01"), known: max) != nil, "it would still hold in 2025")
        let lowered = max + [fact(.thresholdHeartrate, 170, from: "2024-01-01")]
        #expect(fault(fact(.thresholdHeartrate, 185, from: "2021-01-01"), known: lowered) == nil, "it ends in 2024")
        #expect(fault(fact(.thresholdHeartrate, 175, .swim), known: [fact(.maxHeartrate, 170, .swim), fact(.maxHeartrate, 190)]) != nil)
        #expect(fault(fact(.thresholdHeartrate, 175), known: [fact(.maxHeartrate, 170, .swim), fact(.maxHeartrate, 190)]) != nil)
        let swims = [fact(.maxHeartrate, 170, .swim), fact(.thresholdHeartrate, 150, .swim), fact(.maxHeartrate, 190)]
        #expect(fault(fact(.thresholdHeartrate, 175), known: swims) == nil, "swims have a threshold of their own")
        #expect(
            fault(fact(.maxHeartrate, 170, from: "2026-06-01"), known: [fact(.thresholdHeartrate, 175, from: "2026-08-01")]) != nil,
            "the earliest threshold also stands for the time before it")
    }

    @Test(arguments: ["2026-02-30", "2026-1-31", "1969-12-31", "31.1.2026", "2026-01-31T00:00", "２０２６-01-31", "", "20260131", "+026-01-31"])
    func `only a day of the calendar is a day`(text: String) { #expect(CalendarDay(text) == nil) }

    @Test func `days are those of UTC and in order`() throws {
        #expect(CalendarDay(now).description == "2026-09-21")
        let (leap, next) = (try #require(CalendarDay("2024-02-29")), try #require(CalendarDay("2024-03-01")))
        #expect(leap < next)
    }
}

@Suite struct ThresholdDeskTests {
    private func withDesk(_ body: (Database, ThresholdDesk) async throws -> Void) async throws {
        try await withTestDatabase { database in
            try await database.query("INSERT INTO sync.athlete (athlete_id) VALUES (\(athlete))")
            try await body(database, ThresholdDesk(database: database, clock: .manual(at: now)))
        }
    }

    private func work(_ database: Database) async throws -> [Int64] {
        try await database.query("SELECT activity_id FROM sync.transform_work ORDER BY work_id").map { try $0.decode(Int64.self) }
    }

    @Test func `each change makes the athlete silver's work, and one that changes nothing does not`() async throws {
        try await withDesk { database, desk in
            try await desk.set(ThresholdName(.power), value: 285, athlete: athlete)
            #expect(try await work(database) == [0])
            try await desk.set(ThresholdName(.power, from: CalendarDay("2026-09-21")), value: 285, athlete: athlete)
            #expect(try await work(database) == [0], "the same once more")
            try await desk.set(ThresholdName(.power, from: CalendarDay("2026-09-21")), value: 290, athlete: athlete)
            try await desk.set(ThresholdName(.pace, of: .swim, from: CalendarDay("2020-01-01")), value: 1.05, athlete: athlete)
            #expect(try await work(database) == [0, 0, 0])
            let all = try await desk.thresholds(of: athlete)
            #expect(all.map(\.threshold) == [fact(.power, 290, from: "2026-09-21"), fact(.pace, 1.05, .swim, from: "2020-01-01")])
            #expect(all.allSatisfy { $0.setAt == now })
            try await desk.remove(ThresholdName(.power), athlete: athlete)
            #expect(try await desk.thresholds(of: athlete).count == 1)
            #expect(try await work(database).count == 4)
        }
    }

    @Test func `one day is removed, or all of them`() async throws {
        try await withDesk { _, desk in
            for year in 2020...2023 {
                try await desk.set(ThresholdName(.maxHeartrate, from: CalendarDay("\(year)-01-01")), value: 190, athlete: athlete)
            }
            try await desk.remove(ThresholdName(.maxHeartrate, from: CalendarDay("2021-01-01")), athlete: athlete)
            let days = try await desk.thresholds(of: athlete).map(\.threshold.validFrom.description)
            #expect(days == ["2020-01-01", "2022-01-01", "2023-01-01"])
            let error = await #expect(throws: SyncError.self) {
                try await desk.remove(ThresholdName(.maxHeartrate, of: .run), athlete: athlete)
            }
            #expect(error?.code == .invalidThreshold)
            try await desk.remove(ThresholdName(.maxHeartrate), athlete: athlete)
            #expect(try await desk.thresholds(of: athlete).isEmpty)
        }
    }

    @Test func `nothing is written of an unknown athlete, or of a value that is refused`() async throws {
        try await withDesk { database, desk in
            let unknown = await #expect(throws: SyncError.self) {
                try await desk.set(ThresholdName(.power), value: 285, athlete: AthleteID(9))
            }
            #expect(unknown?.code == .unknownAthlete)
            let refused = await #expect(throws: SyncError.self) {
                try await desk.set(ThresholdName(.power), value: 2_000_000_000, athlete: athlete)
            }
            #expect(refused?.code == .invalidThreshold)
            let (work, thresholds) = (try await work(database), try await desk.thresholds(of: athlete))
            #expect(work.isEmpty && thresholds.isEmpty)
        }
    }

    @Test func `silver has what is set, before the first sync and after it, and loses what is removed`() async throws {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        let world = SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 3, points: 40...60)
        try await SyncRig.with(world) { rig in
            func set() async throws -> [Double] {
                let rows = try await rig.database.query(
                    """
                    SELECT value FROM silver.athlete_threshold
                    WHERE origin = 'set' AND sport_family = 'run' AND metric = 'power' ORDER BY valid_from
                    """)
                return try rows.map { try $0.decode(Double.self) }
            }
            try await rig.connect(athlete)
            let desk = ThresholdDesk(database: rig.database, clock: .system)
            try await desk.set(ThresholdName(.power, of: .run, from: CalendarDay("2020-01-01")), value: 310, athlete: athlete)
            try await rig.makeSilver()
            try await rig.settle()
            #expect(try await set() == [310])
            try await desk.set(ThresholdName(.power, of: .run), value: 320, athlete: athlete)
            try await rig.makeSilver()
            #expect(try await set() == [310, 320])
            try await desk.remove(ThresholdName(.power, of: .run), athlete: athlete)
            try await rig.makeSilver()
            #expect(try await set() == [])
        }
    }

    @Test func `facts that exclude each other can't be set side by side`() async throws {
        try await withDesk { _, desk in
            await withDiscardingTaskGroup { group in
                for (metric, value) in [(ThresholdMetric.maxHeartrate, 160.0), (.thresholdHeartrate, 175)] {
                    group.addTask {
                        // One of the two is refused.
                        try? await desk.set(ThresholdName(metric), value: value, athlete: athlete)
                    }
                }
            }
            let count = try await desk.thresholds(of: athlete).count
            #expect(count == 1)
        }
    }
}
