import Database
import Foundation
import TestKit
import Testing

/// Rules for all tables, those of later migrations too.
@Suite struct SchemaTests {
    private static let schemas = ["sync", "vault", "bronze_strava", "silver", "metrics"]

    /// The only column of the rows of `sql`, each of which breaks a rule.
    private func list(_ sql: SQL) async throws -> [String] {
        try await withTestDatabase { try await $0.query(sql).map { try $0.decode(String.self) } }
    }

    @Test func `the tables without athlete_id are known`() async throws {
        let global = try await list(
            """
            SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY (\(Self.schemas)) AND c.relkind IN ('r', 'p')
              AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id') ORDER BY 1
            """)
        let known = [
            "bronze_strava.endpoint", "bronze_strava.source", "sync.audit", "sync.backup", "sync.connect_link", "sync.connect_state",
            "sync.database_size", "sync.erasure", "sync.quota_block",
            "sync.quota_limit", "sync.quota_window", "sync.reader_key", "sync.retention_run", "sync.setting", "sync.web_session",
            "vault.instance", "vault.key",
            "vault.revocation", "vault.sealing",
        ]
        #expect(global.filter { !known.contains($0) } == [], "a table without athlete_id can't be spread by athlete: add one, or list it")
    }

    @Test func `athlete_id comes first in each primary, unique and foreign key of a table that has it`() async throws {
        let broken = try await list(
            """
            SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
            WHERE n.nspname = ANY (\(Self.schemas)) AND i.indisunique AND i.indkey[0] <> a.attnum
            UNION ALL
            SELECT k.conname::text FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'athlete_id'
            WHERE n.nspname = ANY (\(Self.schemas)) AND k.contype = 'f' AND k.conkey[1] <> a.attnum
            """)
        #expect(broken == [])
    }

    @Test func `each table, view and column of silver has a comment`() async throws {
        let bare = try await list(
            """
            SELECT format('%s.%s', c.oid::regclass, a.attname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p', 'v') AND col_description(c.oid, a.attnum) IS NULL
            UNION ALL
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY (\(Self.schemas)) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
              AND obj_description(c.oid, 'pg_class') IS NULL
            """)
        #expect(bare == [])
    }

    /// silver.secure() makes them at the end of each migration.
    @Test func `each table that readers may reach has row-level security, and each per athlete the policy`() async throws {
        let open = try await list(
            """
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind IN ('r', 'p', 'm', 'f')
              AND NOT (c.relrowsecurity AND (
                  NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id')
                  OR EXISTS (
                      SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own' AND p.polcmd = 'r' AND p.polpermissive
                        AND pg_get_expr(p.polqual, c.oid) LIKE '(athlete\\_id = ANY (( SELECT silver.my\\_athletes() AS my\\_athletes%')))
            UNION ALL
            SELECT p.polname || ' on ' || p.polrelid::regclass FROM pg_policy p
            WHERE p.polname NOT IN ('own', 'dashboard', 'daemon') AND NOT (p.polname IN ('reader', 'places') AND NOT p.polpermissive)
            """)
        #expect(open == [])
    }

    /// A view that runs with its owner's rights bypasses the policies. These two read schema sync and call silver.may_read_athlete.
    @Test func `views and functions run with the caller's rights, with known exceptions`() async throws {
        let wide = try await list(
            """
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind = 'v'
              AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
            UNION ALL
            SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = ANY (\(Self.schemas)) AND p.prosecdef ORDER BY 1
            """)
        let known = [
            "silver.bind_reader(bigint,integer,bytea)", "silver.completeness", "silver.freshness", "silver.my_athletes()",
            "silver.reader_has(integer)",
        ]
        #expect(wide == known)
    }

    /// A table that a later migration adds must be named there, after the tables that it refers to.
    @Test func `the script for Citus distributes each table that has athlete_id, referenced tables first`() async throws {
        let script = try String(contentsOf: checkout.appending(path: "db/distribute_citus.sql"), encoding: .utf8)
        let spread = script.matches(of: #/create_distributed_table\('([a-z_.]+)', 'athlete_id', colocate_with => '(none|sync\.athlete)'\)/#)
            .map { String($0.1) }
        let tables = try await list(
            """
            SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'athlete_id'
            WHERE n.nspname = ANY (\(Self.schemas)) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND c.oid <> 'sync.reader_grant'::regclass ORDER BY 1
            """)
        #expect(spread.sorted() == tables)
        let references = try await list(
            """
            SELECT format('%s %s', conrelid::regclass, confrelid::regclass) FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
            WHERE contype = 'f' AND n.nspname = ANY (\(Self.schemas)) AND k.conrelid <> k.confrelid
            """)
        for pair in references.map({ $0.split(separator: " ").map(String.init) }) {
            guard let from = spread.firstIndex(of: pair[0]), let to = spread.firstIndex(of: pair[1]) else { continue }
            #expect(to < from, "\(pair[0]) refers to \(pair[1])")
        }
    }
}
