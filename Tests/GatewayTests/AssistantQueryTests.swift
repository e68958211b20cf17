import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Gateway

/// The tool `query`, with SQL of models that err and of people who attack.
@Suite struct AssistantQueryTests {
    @Test func `a query returns its rows as JSON`() async throws {
        try await AssistantFixture.with { assistant in
            let answer = try await assistant.query(
                "WITH a AS (SELECT * FROM silver.lap) SELECT count(*) AS laps, sum(distance_m) AS metres, 'ü\"' AS text, NULL AS nothing FROM a; -- done"
            )
            #expect(!answer.isError && answer.rows.count == 1, "\(answer.text)")
            #expect(
                answer.rows[0]["laps"] as? Int == 3 && answer.rows[0]["text"] as? String == "ü\"" && answer.rows[0]["nothing"] is NSNull)
            let ordered = try await assistant.query("SELECT activity_id FROM activity ORDER BY activity_id DESC LIMIT 2")
            #expect(ordered.rows.compactMap { $0["activity_id"] as? Int } == [190, 107])
            #expect(try await assistant.query("SELECT").rows.count == 1)
        }
    }

    @Test(arguments: [
        "SELECT 1; DELETE FROM silver.activity", "SELECT 1) AS q; DROP TABLE silver.activity; --", "COPY silver.activity TO PROGRAM 'cat'",
        "SET ROLE fitness_owner", "DO $$ BEGIN PERFORM 1; END $$",
        "WITH gone AS (DELETE FROM silver.activity RETURNING *) SELECT * FROM gone",
        "SELECT * INTO mine FROM silver.lap", "SELECT * FROM silver.lap FOR UPDATE", "PREPARE mine AS SELECT 1",
        "EXPLAIN SELECT * FROM silver.lap",
        "SELECT pg_sleep(1)", "SELECT pg_read_file('/etc/passwd')", "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM pg_roles",
        "SELECT rolname FROM pg_authid", "SELECT * FROM information_schema.tables", "SELECT * FROM sync.athlete",
        "SELECT * FROM vault.token",
        "SELECT * FROM bronze_strava.answer", "SELECT * FROM metrics.metrics", "SELECT * FROM public.fitnessd_migration",
        "SELECT set_config('fitness.reader', '2 7 00', true)", "SELECT current_setting('fitness.reader')", "SELECT version()",
        "SELECT query_to_xml('SELECT * FROM vault.token', true, true, '')", "SELECT lo_from_bytea(0, 'x')", "SELECT 10::regrole::text",
        "SELECT acldefault('r', 10)", "SELECT has_table_privilege('sync.athlete', 'SELECT')", "SELECT silver.secure()",
        "SELECT current_database()",
        "SELECT silver.bind_reader(2, 7, sha256('x'))", "SELECT inet_server_addr()", "SELECT txid_current()", "SELECT nextval('x')",
        "SELECT dblink('x', 'SELECT 1')", "SELECT ts_stat('SELECT 1')", "SELECT currval('x')", "SELECT obj_description(1, 'pg_class')",
        "UPDATE silver.activity SET name = ''", "INSERT INTO silver.activity DEFAULT VALUES", "LISTEN sync", "VALUES (pg_backend_pid())",
        "SELECT polyline FROM silver.activity", "SELECT * FROM silver.activity", "SELECT * FROM silver.activity_grid",
        "SELECT a FROM silver.activity AS a", "SELECT 1 AS a, 2 AS a",
    ])
    func `what is no query to silver, or shows more than it may, is an error of the tool`(_ sql: String) async throws {
        try await AssistantFixture.with { assistant in
            let answer = try await assistant.query(sql)
            #expect(answer.isError && answer.text.count > 20, "\(sql): \(answer.text)")
            for secret in ["defpoly", "47.5", "postgres", "u2", "fitness_owner"] {
                #expect(!answer.text.contains(secret), "\(sql): \(answer.text)")
            }
            let count = try await assistant.me.gateway.database.query("SELECT count(*) FROM silver.activity")[0].decode(Int.self)
            #expect(count == 15)
        }
    }

    @Test func `an error of SQL comes back with what PostgreSQL says`() async throws {
        try await AssistantFixture.with { assistant in
            for (sql, sentence) in [
                ("SELECT nme FROM silver.activity", "column \"nme\" does not exist"), ("SELECT * FROM silver.activities", "does not exist"),
                ("SELECT sum(name) FROM silver.activity", "function sum(text) does not exist"), ("SELECT FROM WHERE", "syntax error"),
                ("SELECT 1/0", "division by zero"), ("SELECT 'x'::integer", "no value of the type"),
                ("SELECT (SELECT generate_series(1, 2))", "more than one row"),
                ("SELECT polyline FROM silver.activity", "scope position"), ("SELECT 1 AS a, 2 AS a", "same name"),
            ] {
                let answer = try await assistant.query(sql)
                #expect(answer.isError && answer.text.contains(sentence), "\(sql): \(answer.text)")
            }
        }
    }

    @Test func `a large result is cut, and says so`() async throws {
        try await AssistantFixture.with { assistant in
            let many = try await assistant.call("query", ["sql": "SELECT generate_series(1, 100000000) AS n", "max_rows": 1000])
            #expect(
                many.rows.count == 1000 && many.content["is_cut"] as? Bool == true && many.notes.joined().contains("Cut after 1000 rows"))
            let few = try await assistant.query("SELECT generate_series(1, 201) AS n")
            #expect(few.rows.count == 200 && few.rows.last?["n"] as? Int == 200)
            #expect(try await assistant.query("SELECT generate_series(1, 200) AS n").notes.isEmpty)
            let wide = try await assistant.query("SELECT repeat('x', 9000) AS x FROM generate_series(1, 100)")
            #expect((1...11).contains(wide.rows.count) && wide.notes.joined().contains("Cut after"), "\(wide.rows.count)")
            let huge = try await assistant.query("SELECT repeat('x', 50000000) AS x")
            #expect(huge.rows.isEmpty && huge.notes.joined().contains("Cut after 0 rows"))
        }
    }

    @Test func `a query that never ends is ended, and others are answered meanwhile`() async throws {
        try await AssistantFixture.with { assistant in
            let endless = [
                "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
                "SELECT count(*) FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b, generate_series(1, 100) AS c",
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sql in endless {
                    group.addTask {
                        let answer = try await assistant.query(sql)
                        #expect(answer.isError && answer.text.contains("10 seconds"), "\(answer.text)")
                    }
                }
                group.addTask {
                    let answer = try await assistant.call("form_today")
                    #expect(!answer.isError)
                }
                try await group.waitForAll()
            }
            #expect(try await assistant.query("SELECT 1 AS one").rows.count == 1)
        }
    }
}
