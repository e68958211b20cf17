import Database
import Foundation
import TestKit
import Testing

/// db/distribute_citus.sql, run in a real PostgreSQL with stand-ins for Citus's functions that enforce Citus's rules. Citus is no package of
/// Debian: what only a cluster can show is not tested.
@Suite struct CitusScriptTests {
    /// The rules for a table, from Citus's documentation of `create_distributed_table`, its chapters on the data model and on foreign keys, and
    /// its list of unsupported features: no key without the distribution column; no foreign key that lacks it at the same position, or leads to
    /// a table that is local or not co-located, or from a reference table to another kind; no trigger; no sub-select in a policy; and a primary
    /// key, without which the rebalancer refuses the table.
    private static let standIns = #"""
        CREATE TABLE public.spread (name regclass PRIMARY KEY, kind text NOT NULL, distribution_column name, node_group integer);
        CREATE SEQUENCE public.node_groups;

        CREATE FUNCTION public.refuse(name regclass) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE broken text;
        BEGIN
            SELECT k.conname INTO broken FROM pg_constraint k JOIN public.spread s ON s.name = k.conrelid LEFT JOIN public.spread t ON t.name = k.confrelid
            WHERE k.conrelid = refuse.name AND k.contype = 'f' AND k.conparentid = 0 AND CASE
                WHEN s.kind = 'reference' THEN t.kind IS DISTINCT FROM 'reference'
                WHEN t.kind = 'reference' THEN false
                ELSE t.node_group IS DISTINCT FROM s.node_group OR NOT EXISTS (
                    SELECT FROM generate_subscripts(k.conkey, 1) AS place
                    JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = k.conkey[place] AND f.attname = s.distribution_column
                    JOIN pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[place] AND r.attname = t.distribution_column) END;
            IF FOUND THEN RAISE EXCEPTION 'foreign key % of % is not supported', broken, refuse.name; END IF;
            IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = refuse.name AND NOT tgisinternal) THEN RAISE EXCEPTION '% has a trigger', refuse.name; END IF;
            SELECT polname INTO broken FROM pg_policy WHERE polrelid = refuse.name AND pg_get_expr(polqual, polrelid) ~* '\mselect\M';
            IF FOUND THEN RAISE EXCEPTION 'policy % of % has a sub-select', broken, refuse.name; END IF;
            IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = refuse.name AND indisprimary) THEN RAISE EXCEPTION '% has no primary key', refuse.name; END IF;
        END $$;

        CREATE FUNCTION public.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.spread VALUES (table_name, 'reference');
            PERFORM public.refuse(table_name);
        END $$;

        CREATE FUNCTION public.create_distributed_table(table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
            colocate_with text DEFAULT 'default') RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            place smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column AND NOT attisdropped);
            broken text;
        BEGIN
            IF place IS NULL OR distribution_type <> 'hash' THEN RAISE EXCEPTION '% has no column %', table_name, distribution_column; END IF;
            SELECT indexrelid::regclass INTO broken FROM pg_index WHERE indrelid = table_name AND (indisunique OR indisexclusion) AND place <> ALL (indkey);
            IF FOUND THEN RAISE EXCEPTION '% does not have the distribution column', broken; END IF;
            INSERT INTO public.spread SELECT table_name, 'distributed', distribution_column, CASE colocate_with WHEN 'none' THEN nextval('public.node_groups')
                ELSE (SELECT node_group FROM public.spread WHERE name = colocate_with::regclass) END;
            IF NOT EXISTS (SELECT FROM public.spread WHERE name = table_name AND node_group IS NOT NULL) THEN
                RAISE EXCEPTION '% is not distributed', colocate_with;
            END IF;
            SELECT attname INTO broken FROM pg_attribute WHERE attrelid = table_name AND attidentity <> '' AND atttypid <> 'bigint'::regtype;
            IF FOUND THEN RAISE EXCEPTION 'identity column % of % is no bigint', broken, table_name; END IF;
            PERFORM public.refuse(table_name);
        END $$;
        """#

    private static let script = try? String(contentsOf: checkout.appending(path: "db/distribute_citus.sql"), encoding: .utf8)

    /// Runs the script as psql does, statement by statement.
    private func spread(_ database: Database, _ change: (String) -> String = { $0 }) async throws {
        let script = change(try #require(Self.script))
        try await database.withConnection { connection in
            try await connection.execute(Self.standIns)
            for statement in SQLScript.statements(of: script) { try await connection.execute(statement) }
        }
    }

    @Test func `the script for Citus keeps to Citus's rules, and no local table is left with a key to a distributed one`() async throws {
        try await withTestDatabase { database in
            try await spread(database)
            let kinds = try await database.query("SELECT kind, count(DISTINCT node_group) FROM public.spread GROUP BY 1 ORDER BY 1")
            let counts = try kinds.map { try $0.decode(String.self, Int.self) }
            #expect(counts.map(\.0) == ["distributed", "reference"])
            #expect(counts.map(\.1) == [1, 0], "all in one group: co-located")
            let local = try await database.query(
                """
                SELECT k.conname::text FROM pg_constraint k JOIN public.spread t ON t.name = k.confrelid
                WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid NOT IN (SELECT name FROM public.spread)
                """)
            #expect(try local.map { try $0.decode(String.self) } == [])
        }
    }

    @Test(arguments: [
        ("ALTER TABLE sync.reader_grant DROP CONSTRAINT reader_grant_athlete_fk;", "", "foreign key reader_grant_athlete_fk"),
        ("'silver.lap', 'athlete_id'", "'silver.lap', 'activity_id'", "foreign key lap_activity_fk"),
        (
            "'vault.token', 'athlete_id', colocate_with => 'sync.athlete'", "'vault.token', 'athlete_id', colocate_with => 'none'",
            "token_athlete_fk"
        ),
        ("SELECT create_distributed_table('sync.athlete', 'athlete_id', colocate_with => 'none');", "", "sync.athlete is not distributed"),
        ("WHERE polname = 'own' LOOP", "WHERE false LOOP", "policy own of bronze_strava.answer has a sub-select"),
        (
            "SELECT create_distributed_table('metrics.metrics'",
            "ALTER TABLE metrics.metrics DROP CONSTRAINT metrics_pk; SELECT create_distributed_table('metrics.metrics'",
            "metrics.metrics has no primary key"
        ),
    ])
    func `the stand-ins refuse a script that breaks a rule`(line: String, instead: String, sentence: String) async throws {
        try await withTestDatabase { database in
            let error = await #expect(throws: DatabaseError.self) { try await spread(database) { $0.replacing(line, with: instead) } }
            #expect(error?.message.contains(sentence) == true, "\(String(describing: error))")
        }
    }

    /// Rules for statements, as a real Citus showed them: the workers get a simple CASE over an expression wrong, take no parameters in an SQL
    /// function over distributed tables, and allow no savepoint while their connections are busy.
    @Test func `functions and views are written in forms that Citus takes`() async throws {
        try await withTestDatabase { database in
            try await spread(database)
            let names = try await database.query(
                """
                WITH code AS (
                    SELECT p.oid::regprocedure::text AS name, p.prosrc AS text, p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql')
                           AND p.pronargs > 0 AS is_sql_with_parameters
                    FROM pg_proc p WHERE p.pronamespace IN ('silver'::regnamespace, 'bronze_strava'::regnamespace, 'sync'::regnamespace)
                    UNION ALL
                    SELECT c.oid::regclass::text, pg_get_viewdef(c.oid), false
                    FROM pg_class c WHERE c.relnamespace IN ('silver'::regnamespace, 'bronze_strava'::regnamespace) AND c.relkind = 'v'
                )
                SELECT name || ': simple CASE' FROM code WHERE text ~ '\\mCASE\\M(?!\\s+WHEN\\M)'
                UNION ALL
                SELECT name || ': EXCEPTION' FROM code
                WHERE text ~ '\\mEXCEPTION WHEN\\M' AND name NOT LIKE 'bronze\\_strava.json\\_document(%' AND name NOT LIKE 'bronze\\_strava.json\\_object(%' AND name NOT LIKE 'bronze\\_strava.json\\_list(%'
                UNION ALL
                SELECT c.name || ': SQL with parameters over ' || s.name FROM code c JOIN public.spread s
                ON s.kind = 'distributed' AND c.text ~ ('\\m' || replace(s.name::text, '.', '\\.') || '\\M')
                WHERE c.is_sql_with_parameters
                """)
            #expect(try names.map { try $0.decode(String.self) } == [])
        }
    }
}
