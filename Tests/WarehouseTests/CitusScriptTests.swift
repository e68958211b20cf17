import Foundation
import TestKit
import Testing

@testable import Database

/// db/distribute_citus.sql, run in a real PostgreSQL with stand-ins for Citus's two functions that hold each call to Citus's documented
/// rules. Citus is no package of Debian: what only a cluster can show stays untried.
@Suite struct CitusScriptTests {
    /// The rules, from Citus's documentation of `create_distributed_table`, its chapters on determining the data model and on foreign keys,
    /// and its list of what distributed tables can't have: a key without the distribution column; a foreign key that does not have it at
    /// the same place, or leads to a table that is local or not co-located; from a reference table to one that is not; triggers.
    private static let standIns = """
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
        """

    private static let script = try? String(contentsOf: checkout.appending(path: "db/distribute_citus.sql"), encoding: .utf8)

    /// Runs the script as psql would, all in one transaction.
    private func spread(_ database: Database, _ change: (String) -> String = { $0 }) async throws {
        let script = change(try #require(Self.script))
        try await database.transaction { connection in
            try await connection.execute(Self.standIns)
            try await connection.execute(script)
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
    ])
    func `the stand-ins see a script that breaks a rule`(line: String, instead: String, sentence: String) async throws {
        try await withTestDatabase { database in
            let error = await #expect(throws: DatabaseError.self) { try await spread(database) { $0.replacing(line, with: instead) } }
            #expect(error?.message.contains(sentence) == true, "\(String(describing: error))")
        }
    }
}
