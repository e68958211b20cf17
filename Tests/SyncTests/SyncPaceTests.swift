import Core
import Foundation
import TestKit
import Testing

@testable import Sync

private let now = Date(timeIntervalSince1970: 1_790_000_000)
private let day = 86_400.0

@Suite struct SyncPaceTests {
    private let settings = SyncSettings()

    private func pace(_ athletes: Int, activitiesEach: Int, dayLimit: Int = 30_000) -> SyncPace {
        SyncPace(load: FleetLoad(athletes: athletes, activities: athletes * activitiesEach), dayLimit: dayLimit, settings: settings)
    }

    @Test func `a few athletes are walked daily and looked at every quarter hour`() {
        let pace = pace(5, activitiesEach: 1_000)
        #expect(pace.walkInterval_s == day && pace.listStretch == 1)
    }

    @Test func `the day's looks and walks are told, and never more than their shares`() {
        // 48 looks each; and lists of five pages, with what comes on top of them, once a day.
        let few = pace(10, activitiesEach: 1_000)
        #expect(few.callsPerDay == 10 * 48 * few.callsPerLook + 65)
        let many = pace(10_000, activitiesEach: 700).callsPerDay
        #expect(many <= 30_000 * (settings.listShare + SyncPace.walkShareMax) + 1, "\(many)")
    }

    @Test func `a look is taken for dearer the rarer it is`() {
        #expect((1.15...1.2).contains(pace(10, activitiesEach: 700).callsPerLook))
        #expect((1.2...1.3).contains(pace(1_000, activitiesEach: 700).callsPerLook))
        #expect(pace(10_000, activitiesEach: 700).callsPerLook == 1.5)
    }

    @Test func `what looks, walks and own objects still take today shrinks with the day`() {
        let midnight = Date(timeIntervalSince1970: 86_400 * 20_000)
        let pace = pace(10, activitiesEach: 1_000)
        // 623.7 for looks and walks; 10 profiles a day, and 10 stats a week.
        #expect(pace.callsLeftToday(at: midnight) == 635)
        #expect((158...159).contains(pace.callsLeftToday(at: midnight.addingTimeInterval(18 * 3_600))))
        #expect(SyncPace(settings: settings).callsLeftToday(at: midnight) == 0, "of an athlete alone nobody asks")
    }

    @Test func `profiles of athletes who train are read daily within two hundredths of the day's budget, and weekly at the latest`() {
        func interval(_ athletes: Int, training: Int) -> Double {
            SyncPace(
                load: FleetLoad(athletes: athletes, activities: 0, training: training), dayLimit: 30_000, settings: settings
            ).profileInterval_s
        }
        // 2 % of 30,000 are 600 reads a day.
        #expect(interval(600, training: 600) == day)
        #expect(interval(10_000, training: 600) == day)
        #expect(interval(10_000, training: 1_500) == 2.5 * day)
        #expect(interval(10_000, training: 10_000) == 7 * day)
    }

    @Test func `walks roll at four hundredths of the day's budget`() {
        let pace = pace(1_000, activitiesEach: 700)
        #expect(abs(pace.walkInterval_s - 5_000 / 1_200 * day) < 1, "5,000 calls a round, 1,200 a day")
    }

    @Test func `a week's rhythm is kept as long as it costs no more than three times its share`() {
        #expect(pace(2_000, activitiesEach: 700).walkInterval_s == 7 * day)
        #expect(abs(pace(10_000, activitiesEach: 700).walkInterval_s - 50_000 / 3_600 * day) < 1)
    }

    @Test func `the whole rhythm fits into the day, whatever there is to do`() {
        let seed = modelSeed
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_000 {
            let load = FleetLoad(
                athletes: .random(in: 1...2_000_000, using: &random), activities: .random(in: 0...500_000_000, using: &random))
            let limit = Int.random(in: 1_000...1_000_000, using: &random)
            let pace = SyncPace(load: load, dayLimit: limit, settings: settings)
            let walks = load.walkCalls * day / pace.walkInterval_s
            let looks = Double(load.athletes) * pace.callsPerLook * day / (settings.listInterval_s * pace.listStretch * 2)
            let isWithin = walks <= Double(limit) * 0.1201 && looks <= Double(limit) * 0.4001
            #expect(isWithin && pace.walkInterval_s >= day && pace.listStretch >= 1, "seed \(seed), \(load), \(limit)")
        }
    }

    @Test func `those who began together come apart, and nobody waits longer than the interval`() {
        var state = SyncState(
            cursor: SyncCursor(walkStartedAt: now, newestStartAt: now, listedAt: now, historyCompleteAt: now))
        state.objects = .landed(at: now)
        var minutes: [Int: Int] = [:]
        let dues = (1...10_000).map { id -> Double in
            let plan = SyncPlan(settings: settings, athlete: AthleteID(Int64(id)))
            guard case .done(let due) = plan.next(state, now: now) else { return -1 }
            return due.timeIntervalSince(now)
        }
        #expect(dues.allSatisfy { (720...900).contains($0) })
        for due in dues { minutes[Int(due / 60), default: 0] += 1 }
        #expect(minutes.values.allSatisfy { (2_900...3_800).contains($0) }, "three minutes, a third of them each: \(minutes)")
    }

    @Test func `a turn that ends before its due time finds the same due time again`() {
        let plan = SyncPlan(settings: settings, athlete: AthleteID(77))
        var state = SyncState(cursor: SyncCursor(walkStartedAt: now, newestStartAt: now, listedAt: now, historyCompleteAt: now))
        state.objects = .landed(at: now)
        guard case .done(let due) = plan.next(state, now: now) else {
            Issue.record("something is due at once")
            return
        }
        #expect(plan.next(state, now: due.addingTimeInterval(-1)) == .done(nextDueAt: due))
        guard case .list = plan.next(state, now: due) else {
            Issue.record("nothing is due at its due time")
            return
        }
    }

    @Test func `the load is counted when it is small`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                try await connection.execute(
                    """
                    INSERT INTO sync.athlete (athlete_id) SELECT generate_series(1, 3);
                    INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
                    SELECT 1, generate_series(1, 450), now(), '\\x00';
                    INSERT INTO sync.cursor (athlete_id, newest_start_at)
                    VALUES (1, now() - interval '6 days'), (2, now() - interval '8 days')
                    """)
            }
            let load = try await ScheduleQueries(database: database).fleetLoad(now: Date())
            #expect(load == FleetLoad(athletes: 3, activities: 450, training: 1) && load.walkCalls == 6.75)
        }
    }
}
