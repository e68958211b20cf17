import Testing

@testable import Assistant

/// Which statements the tool `query` runs at all, decided without a database.
@Suite struct QueryCheckTests {
    @Test(arguments: [
        "SELECT 1", "select count(*) from silver.activity;", "WITH a AS (SELECT 1 AS b) SELECT b FROM a ; ; ",
        "(SELECT 1) UNION (VALUES (2))",
        "VALUES (1)", "TABLE silver.activity", "SELECT ';', '--', '/*', '(', \")\" FROM x -- ;", "SELECT /* ; ( /* nested ( */ */ 1",
        "SELECT $$;)$$, $a$ $$ ; $a$", "SELECT 'it''s', 'pg_sleep(1)' AS \"a;b\"", "SELECT a[1:2], a[1:n] FROM t",
        "SELECT x::numeric(10, 2) FROM t",
        "SELECT state AS region, sync FROM silver.athlete AS u", "SELECT regr_slope(a, b), regexp_count(a, b) FROM t",
    ])
    func `a query passes`(_ sql: String) { #expect(throws: Never.self) { _ = try QueryCheck(sql) } }

    @Test(arguments: [
        ("", "Send a query"), (" ; ", "Send a query"), ("-- nothing", "Send a query"), ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT 1) AS q; DROP TABLE x; --", "one statement"), ("SELECT 1) AS q LIMIT ALL --", "parentheses"), ("SELECT (1", "parentheses"),
        (") SELECT 1 (", "Only queries"), ("SELECT 1) UNION SELECT (2", "parentheses"), ("INSERT INTO x VALUES (1)", "Only queries"),
        ("COPY x TO '/tmp/x'", "Only queries"), ("SET role = x", "Only queries"), ("DO $$ BEGIN END $$", "Only queries"),
        ("EXPLAIN SELECT 1", "Only queries"), ("PREPARE a AS SELECT 1", "Only queries"), ("EXECUTE a", "Only queries"),
        ("BEGIN", "Only queries"),
        ("SHOW ALL", "Only queries"), ("SELECT 'open", "not closed"), ("SELECT \"open", "not closed"), ("SELECT /* open", "not closed"),
        ("SELECT $$ open", "not closed"), ("SELECT $a$ open $b$", "not closed"), ("SELECT E'\\' || pg_sleep(1) --'", "without escapes"),
        ("SELECT e'a'\n'b\\' '", "without escapes"), ("SELECT U&'\\0061'", "without escapes"),
        ("SELECT u&\"p\\0067_sleep\"(1)", "without escapes"),
        ("SELECT '\0'", "NUL"), ("SELECT pg_sleep(10)", "Only schema silver"), ("SELECT PG_Sleep (10)", "Only schema silver"),
        ("SELECT \"pg_sleep\"(10)", "Only schema silver"), ("SELECT pg_catalog.pg_sleep(10)", "Only schema silver"),
        ("SELECT pg_catalog . \"now\"()", "Only schema silver"), ("SELECT * FROM information_schema.tables", "Only schema silver"),
        ("SELECT * FROM sync.athlete", "Only schema silver"), ("SELECT * FROM \"vault\".token", "Only schema silver"),
        ("SELECT * FROM public/**/.fitnessd_migration", "Only schema silver"), ("SELECT 10::regrole", "Only schema silver"),
        ("SELECT '{10}'::regrole[]", "Only schema silver"), ("SELECT cast(10 AS _regclass)", "Only schema silver"),
        ("SELECT current_user", "Only schema silver"), ("SELECT a[1:pg_sleep(1)]", "Only schema silver"),
        ("SELECT a[1:\"pg_sleep\"(1)]", "Only schema silver"), (String(repeating: "(", count: 9000), "bytes"),
    ])
    func `anything else is refused with a sentence`(_ sql: String, _ sentence: String) {
        do throws(ToolFault) {
            _ = try QueryCheck(sql)
            Issue.record("passed: \(sql.prefix(60))")
        } catch { #expect(error.sentence.contains(sentence), "\(sql.prefix(60)): \(error.sentence)") }
    }

    @Test func `functions that are not known to be harmless are named, however they are written`() throws {
        let check = try QueryCheck(
            """
            WITH w (a, b) AS (VALUES (1, 2)) SELECT set_config('a', 'b', true), Query_To_XML /* x */ ('SELECT 1', true, true, ''), "version"(),
                silver.sport_family('Run'), count(*), coalesce(a, b), "MyName"(1), nextval('x') OVER (ORDER BY 1) FROM w WHERE a IN (1)
            """)
        let doubtful = Set(check.doubtfulFunctions)
        #expect(doubtful.isSuperset(of: ["set_config", "query_to_xml", "version", "nextval", "MyName", "sport_family"]))
        #expect(doubtful.isDisjoint(with: ["count", "date_trunc"]))
    }

    @Test func `the text of a query is kept as it is, without the semicolons at its end`() throws {
        #expect(try QueryCheck(" SELECT ';' ; -- done\n ;").statement == " SELECT ';'")
        #expect(try QueryCheck("SELECT 'ü' AS \"ä\"").statement == "SELECT 'ü' AS \"ä\"")
    }
}
