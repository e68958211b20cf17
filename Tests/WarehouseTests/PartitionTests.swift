import Core
import Database
import Foundation
import TestKit
import Testing

@testable import Warehouse

/// The large tables in partitions by athlete: what is in them, how they are read, and how the schema grows on.
@Suite struct PartitionTests {
    private static let tables = [
        "bronze_strava.answer", "bronze_strava.answer_version", "metrics.metrics", "silver.activity", "silver.activity_metric",
        "silver.activity_rollup", "silver.activity_stream", "silver.activity_zone", "silver.lap", "silver.quality_finding", "silver.split",
        "silver.split_mile", "silver.training_day",
    ]
    private static let detail = #"""
        {"name":"N","sport_type":"Run","start_date":"2026-07-01T06:30:00Z","start_date_local":"2026-07-01T08:30:00Z","distance":1000,
         "moving_time":300,"elapsed_time":300,"average_heartrate":150,"laps":[{"id":1,"distance":1000}],
         "splits_metric":[{"split":1,"distance":1000}],"splits_standard":[{"split":1,"distance":1000}]}
        """#
    private static let streams = #"""
        {"time":{"data":[0,1,2]},"heartrate":{"data":[100,250,140]},"distance":{"data":[0,3,99999]},"latlng":{"data":[[52.1,13.1],null,[52.1,13.1]]}}
        """#

    private func migrator(_ database: Database, share: URL = checkout) -> Migrator {
        Migrator(directory: share, database: database, logger: quietLogger)
    }

    /// Two activities each for the bench's athlete and three others; one answer has changed since.
    private func fill(_ bench: Bench) async throws {
        for athlete in [AthleteID(1), AthleteID(2), AthleteID(3)] {
            let lease = try await Bench.enrol(athlete, in: bench.database)
            _ = try await bench.writer.commit(
                BronzeBatch(athleteID: athlete, lease: lease, answers: answers(detail: Self.detail), listed: [listed(1), listed(2)]))
        }
        try await bench.land(answers(detail: Self.detail), listed: [listed(1), listed(2)])
        try await bench.land([answer(.activity, 1, Self.detail + " ", at: Bench.noon + 1)])
        try await bench.transform()
    }

    private func answers(detail: String) -> [BronzeAnswer] {
        [1, 2].flatMap { [answer(.activity, $0, detail), answer(.streams, $0, Self.streams)] }
    }

    /// Rows and a hash of them, by table.
    private func content(_ database: Database, _ condition: String = "true") async throws -> [String] {
        var lines: [String] = []
        for table in Self.tables {
            let sql = "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM \(table) AS t WHERE \(condition)"
            lines.append(try await database.query(SQL(raw: "SELECT '\(table) ' || (\(sql))"))[0].decode(String.self))
        }
        return lines
    }

    @Test func `what the tables hold is there after they were divided, and all goes on`() async throws {
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await fill(bench)
            let plain = try await content(database)
            #expect(plain.filter { $0.hasSuffix(" 0 0") } == [], "each table has rows, or the test says nothing of it")
            #expect(try await migrator(database).partition(into: 4).sorted() == Self.tables)
            #expect(try await content(database) == plain)
            #expect(try await migrator(database).migrate() == [])
            try await bench.rebuild(isDryRun: true)
            let changes =
                "SELECT sum(t.changed + t.added + t.removed) FROM sync.silver_rebuild, jsonb_to_recordset(report -> 'tables') AS t(changed int, added int, removed int)"
            #expect(try await bench.value(SQL(raw: changes), as: Int.self) == 0)
            try await bench.land([answer(.activity, 1, Self.detail + "  ", at: Bench.noon + 2)])
            #expect(try await bench.transform() == 1)
            #expect(try await bench.lines("SELECT version_id FROM bronze_strava.answer_version ORDER BY 1") == ["(1)", "(2)"])
            try await bench.rebuild(AthleteID(1))
            #expect(try await content(database, "athlete_id <> 134815") == content(database, "athlete_id IN (1, 2, 3)"))
        }
    }

    @Test func `an athlete who is erased leaves nothing in any partition, the others keep all`() async throws {
        try await withTestDatabase(partitions: 3) { database in
            let bench = try await Bench(database)
            try await fill(bench)
            let others = try await content(database, "athlete_id <> 2")
            #expect(try await content(database) != others)
            try await database.query("DELETE FROM sync.athlete WHERE athlete_id = 2")
            #expect(try await content(database) == others)
        }
    }

    /// Partitions that a statement reads when it is run.
    private func read(_ statement: String, _ database: Database) async throws -> [String] {
        let plan = try await database.query(SQL(raw: "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) \(statement)"))
        let lines = try plan.map { try $0.decode(String.self) }.filter { !$0.contains("never executed") }
        return Set(lines.flatMap { $0.matches(of: #/ on ([a-z_0-9]+_of_[0-9]+)/#).map { String($0.1) } }).sorted()
    }

    @Test func `a statement that names an athlete reads one partition`() async throws {
        try await withTestDatabase(partitions: 7) { database in
            try await fill(try await Bench(database))
            let statements = [
                "SELECT * FROM silver.activity WHERE athlete_id = 2",
                "SELECT * FROM bronze_strava.answer WHERE athlete_id = 2 AND endpoint = 3 AND object_id = 1",
                "UPDATE silver.lap SET name = '' WHERE athlete_id = 2", "DELETE FROM metrics.metrics WHERE athlete_id = 2",
                "DELETE FROM silver.training_day WHERE athlete_id = 2",
            ]
            for statement in statements {
                #expect(try await read(statement, database).count == 1, "\(statement)")
            }
            #expect(try await read("SELECT * FROM silver.activity WHERE athlete_id > 2", database).count == 7)
        }
    }

    @Test func `a view asked for an athlete reads one partition of each table`() async throws {
        try await withTestDatabase(partitions: 7) { database in
            try await fill(try await Bench(database))
            for view in ["aggregate_stream", "activity_grid", "athlete_day", "athlete_week", "personal_record", "power_curve"] {
                let partitions = try await read("SELECT * FROM silver.\(view) WHERE athlete_id = 2", database)
                let tables = partitions.map { $0.replacing(#/_\d+_of_7/#, with: "") }
                #expect(!tables.isEmpty && Set(tables).count == tables.count, "\(view): \(partitions)")
            }
        }
    }

    /// The last migration before tables could be divided: a database may be divided at each one since.
    private static let firstDivisible = 80

    @Test func `migrations that come later work on divided tables`() async throws {
        try await withTemporaryFolder { share in
            let folder = share.appending(path: "db/migrations")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["after_migration.sql", "partition_by_athlete.sql"] { try copy("db/\(name)", to: share) }
            let names = try FileManager.default.contentsOfDirectory(atPath: checkout.appending(path: "db/migrations").path)
            let (early, late) = (names.filter { isEarly($0) }, names.filter { !isEarly($0) })
            for name in early { try copy("db/migrations/\(name)", to: share) }
            try await withTestDatabaseURL(isMigrated: false) { url in
                let database = Database(url: url, logger: quietLogger)
                _ = try await migrator(database, share: share).migrate()
                let divided = try await migrator(database, share: share).partition(into: 3)
                for name in late { try copy("db/migrations/\(name)", to: share) }
                try Data(Self.next.utf8).write(to: folder.appending(path: "9999_grow_tables.sql"))
                #expect(try await migrator(database, share: share).migrate().count == late.count + 1)
                #expect(try await migrator(database, share: share).partition(into: 3).allSatisfy { !divided.contains($0) })
                let grown = try await database.query(
                    "SELECT FROM pg_attribute WHERE attname = 'grown' AND attrelid::regclass::text LIKE 'athlete_part.lap_%'")
                await database.close()
                #expect(grown.count == 3 * 2, "in each partition and in its index")
            }
        }
    }

    private static let next = """
        -- What a later migration may do.
        ALTER TABLE silver.lap ADD COLUMN grown integer DEFAULT 1 CHECK (grown > 0);
        COMMENT ON COLUMN silver.lap.grown IS 'None.';
        CREATE INDEX lap_grown ON silver.lap (athlete_id, grown);
        CREATE TABLE silver.mark (athlete_id bigint, source_id smallint, activity_id bigint,
            CONSTRAINT mark_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE);
        """

    private func isEarly(_ name: String) -> Bool { Int(name.prefix(4)).map { $0 <= Self.firstDivisible } ?? false }

    private func copy(_ path: String, to share: URL) throws {
        try FileManager.default.copyItem(at: checkout.appending(path: path), to: share.appending(path: path))
    }
}
