import Core
import Database
import TestKit
import Testing

@testable import OwnData

/// What a reader sees of its own athlete's rows, attacked by SQL.
@Suite struct SightTests {
    private static let blind = ReaderSight(places: false)
    private static let latitude = "48137154"

    /// Positions of athlete 1, and an activity that is no copy of the API's.
    private static func addRows(_ fixture: ReaderFixture) async throws {
        try await fixture.owner.withConnection {
            try await $0.execute(
                """
                INSERT INTO silver.activity_stream (athlete_id, activity_id, point_count, time_s, latitude_e6, longitude_e6, transform_version, src_sha256)
                VALUES (1, 101, 2, '{0,1}', '{48137154,48137154}', '{11576124,11576124}', 1, '');
                UPDATE silver.activity SET start_latitude_deg = 48.137154, polyline = '48137154' WHERE athlete_id = 1;
                INSERT INTO silver.athlete (athlete_id, source_id, city) VALUES (1, 2, '48137154');
                INSERT INTO silver.activity (athlete_id, source_id, activity_id, name, has_detail, transform_version)
                VALUES (1, 2, 900, 'of a file', false, 1);
                INSERT INTO silver.gear_item (athlete_id, gear_id) VALUES (1, 'b1');
                INSERT INTO metrics.metrics (athlete_id, data_source, data_stream, record_count, status, inserted_at)
                VALUES (1, 'STRAVA', 'time', 1, 'SUCCESS', now());
                """)
        }
    }

    @Test func `without places each column is readable that holds none, and no other`() async throws {
        try await ReaderFixture.with { fixture in
            let columns = try await fixture.owner.query(
                """
                SELECT c.relname::text, a.attname::text,
                    EXISTS (SELECT FROM silver.places() AS p WHERE p.relation = c.relname AND coalesce(p.column_name, a.attname) = a.attname)
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY c.oid, a.attnum
                """
            ).map { try $0.decode(String.self, String.self, Bool.self) }
            #expect(columns.count > 500)
            for sight in [Self.blind, ReaderSight(places: false, apiRows: false), ReaderSight()] {
                let wrong = try await fixture.reader.seeing(sight).read(AthleteID(1)) { connection in
                    var wrong: [String] = []
                    for (relation, column, isPlace) in columns {
                        try await connection.execute("SAVEPOINT before")
                        let state: String?
                        do {
                            try await connection.query("SELECT \"\(raw: column)\" FROM silver.\(raw: relation) LIMIT 1")
                            state = nil
                        } catch let error as DatabaseError { state = error.sqlState }
                        try await connection.execute("ROLLBACK TO before")
                        if state != (isPlace && !sight.places ? "42501" : nil) { wrong.append("\(relation).\(column): \(state ?? "read")") }
                    }
                    return wrong
                }
                #expect(wrong == [])
            }
        }
    }

    @Test func `each column whose name speaks of a place is in the list of places`() async throws {
        try await ReaderFixture.with { fixture in
            let missing = try await fixture.owner.query(
                """
                SELECT c.relname || '.' || a.attname
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                  AND a.attname ~ 'latitude|longitude|latlng|polyline|(^|_)(city|state|country|cell|location|region|segment)(_|$)'
                  AND (c.relname, a.attname) NOT IN (('freshness', 'state'))
                  AND NOT EXISTS (SELECT FROM silver.places() AS p WHERE p.relation = c.relname AND coalesce(p.column_name, a.attname) = a.attname)
                """
            ).map { try $0.decode(String.self) }
            #expect(missing == [])
            let unknown = try await fixture.owner.query(
                """
                SELECT p.relation || coalesce('.' || p.column_name, '') FROM silver.places() AS p
                WHERE NOT EXISTS (
                    SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('silver.' || p.relation) AND a.attname = coalesce(p.column_name, a.attname))
                """)
            #expect(try unknown.map { try $0.decode(String.self) } == [])
        }
    }

    /// Each may fail, or show no position.
    private static let thefts = [
        "SELECT polyline FROM silver.activity", "SELECT a FROM silver.activity AS a", "SELECT row_to_json(a) FROM silver.activity AS a",
        "SELECT * FROM silver.aggregate_stream", "SELECT latitude_e6[1] FROM silver.activity_stream", "TABLE silver.activity",
        "SELECT count(*) FROM silver.activity WHERE start_latitude_deg > 0",
        "SELECT set_config('role', 'fitness_places', true), query_to_xml('SELECT polyline FROM silver.activity', true, true, '')",
        """
        SELECT set_config('role', 'fitness_places', true), query_to_xml('SELECT polyline FROM (SELECT set_config(''role'', ''none'', true) OFFSET 0) AS s,
            LATERAL (SELECT polyline FROM silver.activity WHERE s IS NOT NULL OFFSET 0) AS t', true, true, '')
        """,
        "SET ROLE fitness_places; SELECT polyline FROM silver.activity",
        "SET LOCAL ROLE fitness_places; PREPARE mine AS SELECT polyline FROM silver.activity; RESET ROLE; EXECUTE mine",
        "PREPARE mine AS SELECT polyline FROM silver.activity; SET LOCAL ROLE fitness_places; EXECUTE mine",
        """
        SET LOCAL ROLE fitness_places; DECLARE mine CURSOR FOR SELECT polyline FROM silver.activity; RESET ROLE; FETCH ALL FROM mine
        """,
        """
        SET LOCAL ROLE fitness_places; DO $$ DECLARE found text; BEGIN
            SELECT a.polyline INTO found FROM silver.activity a WHERE set_config('role', 'fitness_reader', true) IS NOT NULL LIMIT 1;
            IF found IS NOT NULL THEN RAISE EXCEPTION 'seen: %', found USING ERRCODE = 'P0001'; END IF; END $$
        """,
        "SELECT set_config('fitness.reader', replace(current_setting('fitness.reader'), ' 4 ', ' 6 '), true)",
        "SELECT silver.bind_reader(1, 6, decode(split_part(current_setting('fitness.reader'), ' ', 3), 'hex'))",
        "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'activity' AND attname = 'polyline'",
    ]

    @Test func `no SQL shows a place where none was bound`() async throws {
        try await ReaderFixture.with { fixture in
            try await Self.addRows(fixture)
            try await fixture.owner.withConnection { try await $0.execute("ANALYZE silver.activity") }
            for theft in Self.thefts {
                let shown = try await fixture.reader.seeing(Self.blind).readOnce(AthleteID(1), statementTimeout: .seconds(5)) {
                    connection in
                    var shown = ""
                    do { shown += try await connection.query(SQL(raw: theft)).map { try $0.text }.joined() } catch let error
                        as DatabaseError
                    {
                        shown += error.message
                        try await connection.execute("ROLLBACK")
                        return shown
                    }
                    for question in ["SELECT polyline FROM silver.activity", "SELECT latitude_e6[1]::text FROM silver.activity_stream"] {
                        do { shown += try await connection.query(SQL(raw: question)).map { try $0.text }.joined() } catch let error
                            as DatabaseError
                        {
                            shown += error.message
                        }
                    }
                    return shown
                }
                #expect(!shown.contains(Self.latitude) && !shown.contains("seen"), "\(theft): \(shown)")
            }
            // Scripts of several statements.
            for theft in Self.thefts {
                let error: DatabaseError?
                do {
                    try await fixture.reader.seeing(Self.blind).readOnce(AthleteID(1), statementTimeout: .seconds(5)) {
                        try await $0.execute(theft)
                    }
                    error = nil
                } catch let failed as DatabaseError { error = failed }
                #expect(error?.message.contains("seen") != true, "\(theft)")
            }
        }
    }

    @Test func `rows of the API are left out of every table and view where they are not bound, whatever the SQL`() async throws {
        try await ReaderFixture.with { fixture in
            try await Self.addRows(fixture)
            let relations = try await fixture.owner.query(
                """
                SELECT format('%I.%I', n.nspname, c.relname), bool_or(a.attname = 'source_id')
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE n.nspname IN ('silver', 'metrics') AND c.relkind IN ('r', 'p', 'v')
                GROUP BY n.nspname, c.relname HAVING bool_or(a.attname = 'athlete_id') ORDER BY 1
                """
            ).map { try $0.decode(String.self, Bool.self) }
            let seen = try await fixture.reader.seeing(ReaderSight(apiRows: false)).readOnce(
                AthleteID(1), statementTimeout: .seconds(5)
            ) { connection in
                try await connection.query("SELECT set_config('role', 'none', true), set_config('row_security', 'on', true)")
                try await connection.query("SELECT set_config('role', 'fitness_places', true)")
                var seen: [String] = []
                for (relation, hasSource) in relations {
                    let rows = try await connection.query(
                        "SELECT DISTINCT \(raw: hasSource ? "source_id::integer" : "0") FROM \(raw: relation)")
                    seen += try rows.map { "\(relation) \(try $0.decode(Int.self))" }
                }
                return seen
            }
            // The maximum that a default stands for, of an athlete of whom there is a file.
            #expect(Set(seen).isSubset(of: ["silver.activity 2", "silver.athlete 2", "silver.athlete_max_heartrate 2"]), "\(seen)")
            #expect(seen.contains("silver.activity 2"))
            let all = try await fixture.reader.read(AthleteID(1)) {
                try await $0.query("SELECT DISTINCT source_id::integer FROM silver.activity ORDER BY 1").map { try $0.decode(Int.self) }
            }
            #expect(all == [1, 2])
        }
    }

    @Test func `a reader that sees less can't be made to see more again`() async throws {
        try await ReaderFixture.with { fixture in
            try await Self.addRows(fixture)
            let narrow = fixture.reader.seeing(ReaderSight(apiRows: false)).seeing(Self.blind).seeing(ReaderSight())
            let sources = try await narrow.read(AthleteID(1)) {
                try await $0.query("SELECT DISTINCT source_id::integer FROM silver.activity").map { try $0.decode(Int.self) }
            }
            #expect(sources == [2])
            await #expect(throws: DatabaseError.self) {
                try await narrow.read(AthleteID(1)) { try await $0.query("SELECT polyline FROM silver.activity") }
            }
        }
    }

    @Test func `the login has the rights on places only when it takes them on`() async throws {
        try await ReaderFixture.with { fixture in
            let roles = try await fixture.owner.query(
                """
                SELECT pg_has_role('fitness_reader', 'fitness_places', 'USAGE'), pg_has_role('fitness_reader', 'fitness_places', 'MEMBER'),
                    (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'fitness_places')
                """)[0].decode(Bool.self, Bool.self, Bool.self)
            #expect(roles == (false, true, false))
        }
    }
}

extension Row {
    /// The first column, if it is a text.
    fileprivate var text: String {
        get throws {
            do { return try decode(String?.self) ?? "" } catch { return "" }
        }
    }
}
