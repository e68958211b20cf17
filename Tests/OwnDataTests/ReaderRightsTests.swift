import Core
import Database
import Foundation
import TestKit
import Testing

@testable import OwnData

/// What SQL of `fitness_reader` can reach beside its own rows: other schemas, other sessions, the server.
@Suite struct ReaderRightsTests {
    /// Refused for lack of rights (42501), or because the transaction is read only (25006), whichever PostgreSQL checks first.
    private static let refused = [
        "SELECT * FROM sync.athlete", "SELECT * FROM sync.reader_key", "SELECT * FROM sync.reader_grant", "SELECT * FROM sync.setting",
        "SELECT * FROM vault.token", "SELECT * FROM bronze_strava.latlng", "SELECT * FROM bronze_strava.endpoint",
        "SELECT * FROM public.fitnessd_migration", "SELECT sync.is_reader_mac(1, 7, pg_current_xact_id(), '')",
        "SELECT * FROM sync.bound_reader()", "SELECT silver.grant_reader()", "SELECT * FROM pg_statistic", "SELECT * FROM pg_authid",
        "SELECT * FROM pg_user_mapping",
        "CREATE TEMPORARY TABLE mine ()", "CREATE TABLE silver.mine ()", "CREATE SCHEMA mine",
        "SELECT * INTO TEMPORARY mine FROM silver.athlete",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE EXTENSION dblink", "CREATE EXTENSION postgres_fdw",
        "INSERT INTO silver.athlete (athlete_id) VALUES (3)", "UPDATE silver.activity SET name = ''", "DELETE FROM silver.activity",
        "TRUNCATE silver.activity", "WITH gone AS (DELETE FROM silver.activity RETURNING 1) SELECT * FROM gone",
        "SELECT * FROM silver.activity FOR UPDATE", "SELECT * FROM silver.activity FOR KEY SHARE",
        "LOCK TABLE silver.activity IN SHARE MODE",
        "COPY silver.activity TO '/tmp/out'", "COPY silver.activity FROM '/etc/passwd'", "COPY silver.activity TO PROGRAM 'cat'",
        "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')", "SELECT pg_read_binary_file('postgresql.conf')",
        "SELECT pg_ls_dir('.')", "SELECT pg_stat_file('postgresql.conf')", "SELECT pg_ls_logdir()", "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()", "SELECT pg_switch_wal()", "SELECT pg_create_restore_point('mine')", "SELECT pg_stat_reset()",
        "SELECT pg_logical_emit_message(false, 'a', 'b')", "SELECT pg_logical_emit_message(true, 'a', 'b'::bytea)",
        "SELECT pg_create_physical_replication_slot('mine')", "SELECT pg_create_logical_replication_slot('mine', 'test_decoding')",
        "SELECT lo_create(0)", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/out')", "SELECT lo_unlink(1)", "SELECT lo_put(1, 0, 'x')", "SELECT pg_notify('sync', 'x')",
        "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_xact_lock(1)", "SELECT pg_advisory_xact_lock_shared(1, 2)",
        "SELECT pg_advisory_unlock_all()", "SELECT pg_cancel_backend(1)", "SELECT pg_terminate_backend(1)",
        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity) AS s", "SELECT pg_export_snapshot()",
        "SET track_activities = on", "SET temp_file_limit = -1", "SET log_statement = 'all'", "SET session_preload_libraries = 'x'",
        "ALTER ROLE fitness_reader SUPERUSER", "ALTER ROLE fitness_reader CREATEROLE", "GRANT fitnessd TO fitness_reader",
        "ALTER ROLE fitness_owner PASSWORD 'x'", "SET ROLE fitness_owner", "SET ROLE pg_read_all_data",
        "SET SESSION AUTHORIZATION fitnessd",
        "ALTER SYSTEM SET log_statement = 'all'", "ALTER TABLE silver.activity DISABLE ROW LEVEL SECURITY", "LOAD 'dblink'",
        "CREATE POLICY mine ON silver.activity USING (true)", "COMMENT ON TABLE silver.activity IS 'mine'", "VACUUM silver.activity",
        "SELECT silver.secure()", "SELECT silver.grant_athlete('fitness_reader', 2)", "SELECT silver.revoke_athlete('fitness_reader', 2)",
        "SET row_security = off; SELECT * FROM silver.activity", "SELECT * FROM pg_hba_file_rules",
        "SELECT current_setting('data_directory')",
        "SELECT * FROM pg_ls_waldir()", "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
        "SELECT * FROM pg_backend_memory_contexts",
        "SELECT query_to_xml('SELECT * FROM vault.token', true, true, '')", "SELECT table_to_xml('sync.athlete', true, true, '')",
        "CREATE RULE mine AS ON SELECT TO silver.activity DO INSTEAD SELECT 1", "CREATE SUBSCRIPTION mine CONNECTION '' PUBLICATION mine",
        "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION mine()", "SECURITY LABEL ON TABLE silver.activity IS 'x'",
    ]

    @Test func `each way out of the own rows is refused`() async throws {
        try await ReaderFixture.with { fixture in
            let expected: Set<String> = ["42501", "25006", "25001"]
            for attempt in Self.refused {
                let error = await #expect(throws: DatabaseError.self, "\(attempt)") {
                    try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { try await $0.execute(attempt) }
                }
                // No extension is installed, so some functions don't exist; and some settings can't be changed at all.
                let isAbsent = ["42883", "58P01", "0A000", "55P02", "42704", "22023"].contains(error?.sqlState ?? "")
                #expect(expected.contains(error?.sqlState ?? "") || isAbsent, "\(attempt): \(String(describing: error))")
            }
        }
    }

    @Test func `a DO block can do no more, and what it notifies is never sent`() async throws {
        try await ReaderFixture.with { fixture in
            let heard = fixture.owner.notifications(on: "sync")
            try await eventually("the listener listens") {
                try await fixture.owner.query("SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
                    .count == 1
            }
            try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { connection in
                try await connection.execute("DO $$ BEGIN NOTIFY sync, 'forged'; END $$")
            }
            await #expect(throws: DatabaseError.self) {
                try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { connection in
                    try await connection.execute("DO $$ BEGIN NOTIFY sync, 'forged'; COMMIT; END $$")
                }
            }
            try await fixture.owner.query("SELECT pg_notify('sync', 'true')")
            var first: String?
            for await payload in heard {
                first = payload
                break
            }
            #expect(first == "true")
        }
    }

    @Test func `statistics and plans tell nothing of other athletes' values, and sessions not what others ask`() async throws {
        try await ReaderFixture.with { fixture in
            try await fixture.owner.withConnection { try await $0.execute("ANALYZE silver.activity") }
            try await fixture.reader.read(AthleteID(2)) { _ in
                try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { connection in
                    #expect(
                        try await connection.query("SELECT FROM pg_stats WHERE schemaname IN ('silver', 'bronze_strava', 'sync')").isEmpty)
                    #expect(try await connection.query("SELECT FROM pg_stats_ext").isEmpty)
                    let shown = try await connection.query("SELECT DISTINCT coalesce(query, '') FROM pg_stat_activity").map {
                        try $0.decode(String.self)
                    }
                    #expect(Set(shown).isSubset(of: ["", "<insufficient privilege>"]), "\(shown)")
                }
            }
            // A condition that fails on another athlete's row, or a cast that quotes it, would tell of the row.
            let leaky = [
                "SELECT count(*) FROM silver.activity WHERE 1 / (athlete_id - 2) > 5",
                "SELECT count(*) FROM silver.activity WHERE name::integer > 0",
                "SELECT count(*) FROM silver.activity a WHERE (SELECT a.name::integer WHERE a.athlete_id = 2) = 1",
                "SELECT count(*) FROM silver.activity WHERE athlete_id = 2 AND name::integer = 1",
            ]
            for statement in leaky {
                let error: DatabaseError?
                do {
                    let count = try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { connection in
                        try await connection.query(SQL(raw: statement)).first?.decode(Int64.self)
                    }
                    #expect(count == 0)
                    error = nil
                } catch let failed as DatabaseError { error = failed }
                #expect(error?.message.contains("of 2") != true && error?.sqlState != "22012", "\(statement): \(String(describing: error))")
            }
        }
    }

    @Test func `a statement that never ends is ended, and so is one that lifts its own limit`() async throws {
        try await ReaderFixture.with { fixture in
            for statement in ["SELECT pg_sleep(3600)", "SELECT set_config('statement_timeout', '0', true), pg_sleep(3600)"] {
                let began = ContinuousClock.now
                await #expect(throws: DatabaseError.self) {
                    try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .milliseconds(200)) {
                        try await $0.query(SQL(raw: statement))
                    }
                }
                #expect(began.duration(to: .now) < .seconds(20))
            }
        }
    }

    @Test func `what a statement leaves in a session of its own is gone, and a pooled session is as before`() async throws {
        try await ReaderFixture.with { fixture in
            let traces = [
                "SET search_path = pg_catalog", "SET statement_timeout = 0", "PREPARE mine AS SELECT 1", "LISTEN sync",
                "DECLARE mine CURSOR WITH HOLD FOR SELECT 1", "SET fitness.reader = 'x'", "COMMIT", "COMMIT; SET work_mem = '1GB'",
            ]
            for trace in traces {
                try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(5)) { try await $0.execute(trace) }
                let state = try await fixture.reader.readOnce(AthleteID(2), statementTimeout: .seconds(5)) { connection in
                    try await connection.query(
                        """
                        SELECT (SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine') + (SELECT count(*) FROM pg_cursors WHERE name = 'mine')
                            + (SELECT count(*) FROM pg_listening_channels()), current_setting('search_path'), current_setting('work_mem') = '1GB'
                        """
                    ).first?.decode(Int64.self, String.self, Bool.self)
                }
                let (left, path, isLarge) = try #require(state)
                #expect(left == 0 && path == "silver" && !isLarge, "after \(trace)")
            }
            // On the pool, too, where the statements are ours.
            for _ in 0..<4 {
                try await fixture.reader.read(AthleteID(1)) {
                    try await $0.execute("SET search_path = pg_catalog; SET default_transaction_read_only = off")
                }
            }
            for _ in 0..<4 {
                let path = try await fixture.reader.read(AthleteID(2)) {
                    try await $0.query("SELECT current_setting('search_path')").first?.decode(String.self)
                }
                #expect(path == "silver")
            }
        }
    }

    @Test func `a result of many rows is ended with its reader, and no more than a few queries run at once`() async throws {
        try await ReaderFixture.with { fixture in
            let seen = try await fixture.reader.readOnce(AthleteID(1), statementTimeout: .seconds(10)) { connection in
                try await connection.execute("DECLARE many CURSOR FOR SELECT repeat('x', 1000), generate_series(1, 100000000)")
                return try await connection.query("FETCH 50 FROM many").count
            }
            #expect(seen == 50)
            // PostgreSQL ends the session a moment after it was closed here.
            try await eventually("the connection of a query is closed") {
                try await fixture.owner.query(
                    "SELECT FROM pg_stat_activity WHERE usename = 'fitness_reader' AND datname = current_database()"
                ).isEmpty
            }
        }
    }
}
