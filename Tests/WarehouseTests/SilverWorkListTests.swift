import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// How the runner takes work off the list while landings add to it.
@Suite struct SilverWorkListTests {
    @Test func `a landing does not wait for the batch that makes silver of the same activity, and its work is not lost`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await bench.land([answer(.activity, 1, #"{"name":"old"}"#)], listed: [listed(1)])
            let batch = SilverBatch(
                scripts: try SilverScripts(shareDirectory: try #require(ShareDirectory.find())), feed: bench.feed, now: Bench.noon)
            try await database.transaction { connection in
                #expect(try await batch.run(SilverQueries.claim(max: 8, ofWaiting: 8), on: connection).work.count == 1)
                // The batch has deleted its work from the list and not yet committed.
                try await bench.land([answer(.activity, 1, #"{"name":"new"}"#, at: Bench.noon + 60)])
                #expect(try await bench.transform() == 0, "the athlete is held by the batch")
            }
            #expect(try await bench.lines("SELECT name FROM silver.activity") == ["(old)"])
            #expect(try await bench.transform() == 1)
            #expect(try await bench.lines("SELECT name FROM silver.activity") == ["(new)"])
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 0)
        }
    }

    /// A role that can connect can lock the tables it reads; athletes' logins can also take advisory locks.
    @Test func `a reader can't keep silver from being made`() async throws {
        try await RolesFixture.with(keepsConstraints: true) { fixture in
            let bench = try await Bench(fixture.owner)
            try await bench.land([answer(.activity, 1, #"{"name":"new"}"#)], listed: [listed(1)])
            let reader = try await fixture.makeLogin("reader", in: "fitness_athlete")
            try await fixture.connected(as: reader) { connection in
                try await connection.execute(
                    "BEGIN; SELECT pg_advisory_lock(hashtextextended(word, athlete)) FROM unnest(ARRAY['silver', 'silver_rebuild']) word, generate_series(1, 9) athlete; SELECT * FROM silver.activity"
                )
                for statement in ["SELECT FROM sync.silver_lock FOR UPDATE", "SELECT sync.try_silver_lock(1, false)"] {
                    try await connection.execute("SAVEPOINT here")
                    let error = await #expect(throws: DatabaseError.self) { try await connection.query("\(raw: statement)") }
                    #expect(error?.sqlState == "42501")
                    try await connection.execute("ROLLBACK TO SAVEPOINT here")
                }
                #expect(try await bench.transform() == 1)
            }
            #expect(try await bench.lines("SELECT name FROM silver.activity") == ["(new)"])
        }
    }

    @Test func `an activity that landed several times since the last batch is made once`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            for name in ["one", "two", "three"] {
                try await bench.land([answer(.activity, 1, #"{"name":"\#(name)"}"#)], listed: [listed(1)])
            }
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 3)
            #expect(try await bench.runner.runOnce() == 1)
            #expect(try await bench.lines("SELECT name FROM silver.activity") == ["(three)"])
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 0)
        }
    }

    @Test func `an athlete's work that may wait is left until all the athlete's live work is done`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let other = AthleteID(Bench.athlete.rawValue + 1)
            _ = try await Bench.enrol(other, in: database)
            try await bench.land([answer(.activity, 1, #"{"name":"a"}"#)], listed: [listed(1)])
            for athlete in [Bench.athlete, other] {
                try await database.query(
                    "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (\(athlete), 0, 'infinity')")
            }
            let left = "SELECT athlete_id, activity_id FROM sync.transform_work"
            // the other athlete's does not wait for this one's live work
            #expect(try await bench.runner.runOnce() == 2)
            #expect(try await bench.lines(left) == ["(\(Bench.athlete),0)"])
            #expect(try await bench.runner.runOnce() == 1)
            #expect(try await bench.lines(left) == [])
        }
    }

    @Test func `of work that may wait a batch takes less, unless it has live work, too`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let count = SilverRunner.waitingBatchMax + 1
            let athletes = (1...count).map { AthleteID(Bench.athlete.rawValue + Int64($0)) }
            for athlete in athletes { _ = try await Bench.enrol(athlete, in: database) }
            let waiting: SQL = """
                INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at)
                SELECT a, 0, 'infinity' FROM unnest(\(athletes)) AS a
                """
            try await database.query(waiting)
            #expect(try await bench.runner.runOnce() == SilverRunner.waitingBatchMax)
            #expect(try await bench.runner.runOnce() == 1)
            try await database.query(waiting)
            try await bench.land([answer(.activity, 1, #"{"name":"a"}"#)], listed: [listed(1)])
            #expect(try await bench.runner.runOnce() == count + 1)
        }
    }

    @Test func `an athlete's days are summed with the last of the waiting activities, even when that one fails`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let count = Int64(SilverRunner.batchMax) + 1
            for id in 1...count {
                let detail = #"{"name":"\#(id)","distance":1000,"moving_time":60,"start_date_local":"2024-05-06T12:00:00Z"}"#
                try await bench.land([answer(.activity, id, detail)], listed: [listed(id)])
            }
            try await database.query("ALTER TABLE silver.activity ADD CONSTRAINT not_the_last CHECK (activity_id <> \(raw: "\(count)"))")
            #expect(try await bench.runner.runOnce() == SilverRunner.batchMax)
            #expect(try await bench.lines("SELECT day FROM silver.training_day") == [])
            try await bench.transform()
            #expect(try await bench.lines("SELECT object_id FROM sync.quarantine") == ["(\(count))"])
            #expect(
                try await bench.lines("SELECT day, activity_count FROM silver.training_day") == ["(2024-05-06,\(SilverRunner.batchMax))"])
        }
    }

    @Test func `work on an activity that no longer exists does not keep the athlete's days from being summed`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let detail = #"{"name":"a","distance":1000,"moving_time":60,"start_date_local":"2024-05-06T12:00:00Z"}"#
            try await bench.land([answer(.activity, 1, detail)], listed: [listed(1)])
            try await database.query(
                "INSERT INTO sync.transform_work (athlete_id, activity_id, enqueued_at) VALUES (\(Bench.athlete), 77, \(Bench.noon))")
            #expect(try await bench.runner.runOnce() == 2)
            #expect(try await bench.lines("SELECT day, activity_count FROM silver.training_day") == ["(2024-05-06,1)"])
        }
    }

    @Test func `two runners share the work and leave none`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let ids = Int64(1)...100
            try await bench.land(ids.map { answer(.activity, $0, #"{"name":"\#($0)"}"#) }, listed: ids.map { listed($0) })
            async let first = bench.transform()
            async let second = bench.transform()
            #expect(try await first + second >= 100)
            #expect(try await bench.value("SELECT count(*) FROM silver.activity", as: Int.self) == 100)
            #expect(try await bench.value("SELECT count(*) FROM sync.transform_work", as: Int.self) == 0)
        }
    }

    @Test func `while one runner works on a full batch, another takes the work of other athletes`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            let ids = Int64(1)...Int64(SilverRunner.batchMax)
            try await bench.land(ids.map { answer(.activity, $0, "{}") }, listed: ids.map { listed($0) })
            bench.clock.advance(by: .seconds(1))
            let lease = try await Bench.enrol(AthleteID(7), in: database)
            let later = BronzeBatch(athleteID: AthleteID(7), lease: lease, answers: [answer(.activity, 700, "{}")], listed: [listed(700)])
            _ = try await bench.writer.commit(later)
            let running = try await database.transaction { connection in
                // The first batch gets stuck on its athlete's row.
                try await connection.query("INSERT INTO silver.athlete (athlete_id) VALUES (\(Bench.athlete))")
                let running = Task { try await bench.runner.run() }
                try await eventually("the other athlete's work is done") {
                    try await bench.lines("SELECT activity_id FROM silver.activity") == ["(700)"]
                }
                return running
            }
            try await eventually("all work is done") {
                try await bench.value("SELECT count(*) FROM silver.activity", as: Int.self) == SilverRunner.batchMax + 1
            }
            running.cancel()
            try await running.value
        }
    }
}
