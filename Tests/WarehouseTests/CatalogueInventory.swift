import Database

/// What a database's catalogue says, one line for each fact, whether a table is plain or in partitions: the partitions are left out, and
/// what only they can have, storage parameters, is taken from them.
enum CatalogueInventory {
    static func lines(of connection: Connection) async throws -> [String] {
        // So that the catalogue writes each name with its schema.
        try await connection.execute("SET search_path = ''")
        var lines: [String] = []
        for part in [relations, columns, constraints, indexes, policies, triggersAndStatistics, routines] {
            let facts = SQL(raw: "SELECT fact::text FROM (\(part)) AS f(fact) ORDER BY 1")
            lines += try await connection.query(facts).map { try $0.decode(String.self) }
        }
        return lines
    }

    private static let places = "('public', 'sync', 'vault', 'bronze_strava', 'silver', 'metrics')"

    private static func privileges(_ acl: String, _ kind: String, owner: String) -> String {
        """
        (SELECT string_agg(format('%s %s %s', a.grantee::regrole, a.privilege_type, a.is_grantable), ', ' ORDER BY a.grantee, a.privilege_type)
         FROM aclexplode(coalesce(\(acl), acldefault('\(kind)', \(owner)))) AS a)
        """
    }

    /// Brackets are left out of the views' text: PostgreSQL itself drops some that are not needed when it reads what it wrote.
    private static let relations = """
        SELECT ROW('relation', c.oid::regclass, replace(c.relkind::text, 'p', 'r'), c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,
                   obj_description(c.oid, 'pg_class'), \(privileges("c.relacl", "r", owner: "c.relowner")),
                   (SELECT array_agg(DISTINCT ROW(s.reloptions, t.reloptions)::text)
                    FROM pg_class s LEFT JOIN pg_class t ON t.oid = s.reltoastrelid
                    WHERE CASE c.relkind WHEN 'p' THEN s.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid) ELSE s.oid = c.oid END),
                   CASE c.relkind WHEN 'v' THEN translate(pg_get_viewdef(c.oid), '()', '') END)
        FROM pg_class c WHERE c.relnamespace::regnamespace::text IN \(places) AND c.relkind IN ('r', 'p', 'v')
        UNION ALL
        SELECT ROW('sequence', c.oid::regclass, c.relowner::regrole, \(privileges("c.relacl", "s", owner: "c.relowner")), s.seqstart, s.seqincrement,
                   s.seqcache, s.seqtypid::regtype, pg_sequence_last_value(c.oid),
                   obj_description(c.oid, 'pg_class'))
        FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE c.relnamespace::regnamespace::text IN \(places)
        """

    /// By their place among the columns that are left, and those of the partitions for what is stored there.
    private static let columns = """
        SELECT ROW('column', c.oid::regclass, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
                   format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstattarget,
                   a.attcollation::regcollation, a.attacl, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), s.kept)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        CROSS JOIN LATERAL (
            SELECT array_agg(DISTINCT ROW(p.attstorage, p.attcompression, p.attnotnull, p.attgenerated)::text) AS kept
            FROM pg_attribute p
            WHERE p.attname = a.attname AND p.attrelid IN (
                SELECT c.oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)) AS s
        WHERE c.relnamespace::regnamespace::text IN \(places) AND c.relkind IN ('r', 'p', 'v')
        """

    private static let constraints = """
        SELECT ROW('constraint', k.conrelid::regclass, k.conname, k.contype, k.convalidated, pg_get_constraintdef(k.oid),
                   obj_description(k.oid, 'pg_constraint'))
        FROM pg_constraint k WHERE k.connamespace::regnamespace::text IN \(places) AND k.conparentid = 0 AND k.contype <> 't'
        """

    private static let indexes = """
        SELECT ROW('index', replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), i.indisvalid, obj_description(i.indexrelid, 'pg_class'))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace::regnamespace::text IN \(places)
        """

    private static let policies = """
        SELECT ROW('policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
                   pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
        FROM pg_policy p
        """

    private static let triggersAndStatistics = """
        SELECT ROW('trigger', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgparentid = 0
        UNION ALL
        SELECT ROW('statistics', pg_get_statisticsobjdef(s.oid), obj_description(s.oid, 'pg_statistic_ext')) FROM pg_statistic_ext s
        """

    private static let routines = """
        SELECT ROW('routine', p.oid::regprocedure, p.prosrc, p.prosecdef, p.provolatile, p.proconfig, p.proowner::regrole, \(privileges("p.proacl", "f", owner: "p.proowner")),
                   obj_description(p.oid, 'pg_proc'))
        FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN \(places)
        UNION ALL
        SELECT ROW('schema', n.nspname, n.nspowner::regrole, \(privileges("n.nspacl", "n", owner: "n.nspowner")), obj_description(n.oid, 'pg_namespace'))
        FROM pg_namespace n WHERE n.nspname NOT IN ('pg_toast', 'athlete_part') AND n.nspname NOT LIKE 'pg\\_%temp%'
        """
}
