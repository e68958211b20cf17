import Core
import Database
import Foundation
import TestKit
import Testing

@testable import OwnData

/// The binding of an athlete to a transaction of `fitness_reader`, attacked by SQL.
@Suite struct BindingTests {
    @Test func `a read sees the rows of its athlete in every table and view, and of nobody else`() async throws {
        try await ReaderFixture.with { fixture in
            let relations = try await fixture.owner.query(
                """
                SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
                WHERE n.nspname IN ('silver', 'metrics') AND c.relkind IN ('r', 'p', 'v') ORDER BY 1
                """
            ).map { try $0.decode(String.self) }
            #expect(relations.count > 30)
            for athlete in [AthleteID(2), AthleteID(1), AthleteID(2), AthleteID(77)] {
                let seen = try await fixture.reader.read(athlete) { connection in
                    var seen: Set<Int64> = []
                    for relation in relations {
                        for row in try await connection.query("SELECT DISTINCT athlete_id FROM \(raw: relation)") {
                            seen.insert(try row.decode(Int64.self))
                        }
                    }
                    return seen
                }
                #expect(seen == (athlete == AthleteID(77) ? [] : [athlete.rawValue]))
            }
        }
    }

    @Test func `many reads at once on few connections never see another's rows`() async throws {
        try await ReaderFixture.with { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for n in 0..<200 {
                    let athlete = AthleteID(Int64(n % 2 + 1))
                    group.addTask {
                        let counted = try await fixture.reader.read(athlete) { connection in
                            try await connection.query("SELECT count(*), min(athlete_id), max(athlete_id) FROM silver.activity").first?
                                .decode(Int64.self, Int64.self, Int64.self)
                        }
                        let (count, least, most) = try #require(counted)
                        #expect(count == 5 * athlete.rawValue && least == athlete.rawValue && most == athlete.rawValue)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `without a binding nothing can be read, and an error ends no binding of the next read`() async throws {
        try await ReaderFixture.with { fixture in
            for statement: SQL in [
                "SELECT activity_id FROM silver.activity", "SELECT * FROM silver.freshness", "SELECT * FROM silver.activity_best_effort",
            ] {
                let error = await #expect(throws: DatabaseError.self) { try await fixture.connected { try await $0.query(statement) } }
                #expect(error?.sqlState == "28000", "\(statement.text)")
            }
            for _ in 0..<5 {
                await #expect(throws: DatabaseError.self) {
                    try await fixture.reader.read(AthleteID(2)) {
                        try await $0.query("SELECT 1 / (count(*) - count(*)) FROM silver.activity")
                    }
                }
            }
            let names = try await fixture.reader.read(AthleteID(1)) {
                try await $0.query("SELECT DISTINCT athlete_id FROM silver.activity")
            }
            #expect(try names.map { try $0.decode(Int64.self) } == [1])
        }
    }

    /// Each is tried in a transaction that is bound to athlete 1. It may fail or succeed; afterwards nobody else's rows are seen.
    private static let forgeries = [
        "SELECT set_config('fitness.reader', '2 7 ' || split_part(current_setting('fitness.reader'), ' ', 3), true)",
        "SELECT set_config('fitness.reader', '2 6 ' || split_part(current_setting('fitness.reader'), ' ', 3), false)",
        "SELECT set_config('fitness.reader', '', true)", "RESET fitness.reader", "SET fitness.reader = '2'",
        "SET LOCAL fitness.reader = '2 7 0000000000000000000000000000000000000000000000000000000000000000'",
        "SELECT set_config('fitness.reader', '1 or 7', true)", "DISCARD PLANS", "RESET ALL",
        "SELECT silver.bind_reader(2, 6, sha256('1'))", "SELECT silver.bind_reader(2, 7, NULL)",
        "SELECT silver.bind_reader(2, 6, decode(split_part(current_setting('fitness.reader'), ' ', 3), 'hex'))",
        "SELECT silver.bind_reader(NULL, NULL, NULL)", "SET search_path = pg_temp, silver, sync; SET ROLE NONE",
        "SET SESSION AUTHORIZATION DEFAULT", "SET SESSION AUTHORIZATION fitness_owner", "SET ROLE fitness_athlete",
        "SET row_security = off",
        "SET ROLE fitness_owner", "SET ROLE fitnessd", "SET ROLE fitness_dashboard", "SET LOCAL force_parallel_mode = on",
        "SAVEPOINT a; SELECT set_config('fitness.reader', '2', true); ROLLBACK TO a", "SET TRANSACTION READ WRITE",
        "PREPARE mine AS SELECT * FROM silver.activity; EXECUTE mine", "SELECT silver.grant_athlete('fitness_reader', 2)",
        "DECLARE mine CURSOR FOR SELECT * FROM silver.activity; FETCH 1 FROM mine", "SET session_replication_role = replica",
    ]

    @Test(arguments: forgeries)
    func `SQL can't change the binding`(_ forgery: String) async throws {
        try await ReaderFixture.with { fixture in
            let shown = try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5), readsAnswers: true) { connection in
                do { try await connection.execute(forgery) } catch { return [Int64(1)] }
                var shown: [Int64] = []
                let questions = [
                    "SELECT athlete_id FROM silver.activity", "SELECT athlete_id FROM silver.freshness",
                    "SELECT athlete_id FROM bronze_strava.answer", "SELECT unnest(silver.my_athletes())",
                ]
                for question in questions {
                    do { shown += try await connection.query(SQL(raw: question)).map { try $0.decode(Int64.self) } } catch {
                        return shown
                    }
                }
                return shown
            }
            #expect(Set(shown).isSubset(of: [1]))
        }
    }

    @Test func `a MAC holds for its athlete, its rights and its transaction alone`() async throws {
        try await ReaderFixture.with { fixture in
            try await fixture.connected { connection in
                func begin() async throws -> Int64 {
                    try await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    return try #require(try await connection.query("SELECT pg_current_xact_id()::text::bigint").first?.decode(Int64.self))
                }
                func bind(_ athlete: Int64, _ rights: Int32, _ mac: [UInt8]) async throws -> Bool {
                    do {
                        try await connection.query("SELECT silver.bind_reader(\(athlete), \(rights), \(mac))")
                        return true
                    } catch let error as DatabaseError where error.sqlState == "28000" { return false }
                }
                let first = try await begin()
                let mac = try await fixture.mac(1, transaction: first)
                #expect(try await bind(1, 6, mac))
                try await connection.execute("ROLLBACK")
                _ = try await begin()
                #expect(try await !bind(1, 6, mac), "of an earlier transaction")
                try await connection.execute("ROLLBACK")
                for (athlete, rights) in [(Int64(2), Int32(6)), (1, 7), (-1, 6), (1, 2), (1, 14)] {
                    let transaction = try await begin()
                    let mac = try await fixture.mac(1, transaction: transaction)
                    #expect(try await !bind(athlete, rights, mac))
                    try await connection.execute("ROLLBACK")
                }
            }
        }
    }

    @Test func `a MAC of one backend is worth nothing on another, and none outlives its transaction`() async throws {
        try await ReaderFixture.with { fixture in
            let setting = try await fixture.reader.read(AthleteID(2)) { connection in
                try await connection.query("SELECT current_setting('fitness.reader')").first?.decode(String.self)
            }
            let stolen = try #require(setting)
            let error = await #expect(throws: DatabaseError.self) {
                try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { connection in
                    try await connection.query("SELECT set_config('fitness.reader', \(stolen), true)")
                    return try await connection.query("SELECT * FROM silver.activity").count
                }
            }
            #expect(error?.sqlState == "28000")
            // What a session keeps beyond a transaction is no binding.
            try await fixture.connected { connection in
                try await connection.query("SELECT set_config('fitness.reader', \(stolen), false)")
                await #expect(throws: DatabaseError.self) { try await connection.query("SELECT * FROM silver.activity") }
            }
        }
    }

    @Test func `the raw answers are shown only where that was bound`() async throws {
        try await ReaderFixture.with { fixture in
            let statement: SQL = "SELECT convert_from(body, 'UTF8') FROM bronze_strava.answer"
            let without = try await fixture.reader.read(AthleteID(1)) { try await $0.query(statement).count }
            #expect(without == 0)
            let with = try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5), readsAnswers: true) { connection in
                try await connection.query(statement).map { try $0.decode(String.self) }
            }
            #expect(with == [#"{"name":"of 1"}"#])
        }
    }

    @Test func `a parallel worker sees the binding`() async throws {
        try await ReaderFixture.with { fixture in
            let plan = try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(10)) { connection in
                let isNew = try await connection.query("SELECT FROM pg_settings WHERE name = 'debug_parallel_query'").count == 1
                try await connection.execute("SET LOCAL \(isNew ? "debug_parallel_query" : "force_parallel_mode") = on")
                let bound = try await connection.query("SELECT silver.my_athletes()").first?.decode([Int64].self)
                #expect(bound == [1])
                return try await connection.query("EXPLAIN SELECT silver.my_athletes()").map { try $0.decode(String.self) }
            }
            #expect(plan.contains { $0.contains("Gather") }, "\(plan)")
        }
    }

    @Test func `a login with more rights than db roles gives is refused, and so are other logins`() async throws {
        try await ReaderFixture.with { fixture in
            let group = "group_\(UUID().uuidString.prefix(8).lowercased())"
            try await fixture.owner.query("CREATE ROLE \(raw: group)")
            let other = fixture.url.replacingOccurrences(of: "fitness_reader@", with: "\(group)@")
            try await fixture.owner.query("ALTER ROLE \(raw: group) LOGIN")
            try await fixture.owner.query("GRANT USAGE ON SCHEMA silver TO \(raw: group)")
            try await fixture.owner.query("GRANT CONNECT ON DATABASE \(raw: fixture.databaseName) TO \(raw: group)")
            try await fixture.owner.query("GRANT EXECUTE ON FUNCTION silver.bind_reader TO \(raw: group)")
            let wrong = AthleteReader(url: Secret(other), daemon: fixture.owner, logger: quietLogger)
            let error = await #expect(throws: DatabaseError.self) { try await wrong.check() }
            #expect(error?.message.contains("must be fitness_reader") == true, "\(String(describing: error))")
            await wrong.close()
            try await fixture.owner.query("DROP OWNED BY \(raw: group)")
            try await fixture.owner.query("DROP ROLE \(raw: group)")
        }
    }

    @Test func `a database with another key is refused with a sentence`() async throws {
        try await ReaderFixture.with { fixture in
            try await fixture.reader.check()
            try await fixture.owner.query("UPDATE sync.reader_key SET inner_pad = outer_pad")
            let error = await #expect(throws: DatabaseError.self) { try await fixture.reader.check() }
            #expect(error?.message.contains("must lead to the database of FITNESSD_DATABASE_URL") == true)
            // The next read takes the key that is there.
            try await fixture.reader.check()
        }
    }
}
