import Database
import TestKit
import Testing

/// db/partition_by_athlete.sql changes how rows are stored, and nothing else that the catalogue knows.
@Suite struct PartitionCatalogueTests {
    /// What an operator may have added, one of each kind.
    private static let additions = """
        CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touch BEFORE UPDATE ON silver.activity FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION public.touch();
        CREATE TRIGGER idle AFTER INSERT ON silver.lap FOR EACH ROW EXECUTE FUNCTION public.touch();
        ALTER TABLE silver.lap DISABLE TRIGGER idle;
        COMMENT ON TRIGGER touch ON silver.activity IS 'looks at ''names''';
        CREATE STATISTICS silver.activity_kinds (dependencies) ON sport_type, gear_id FROM silver.activity;
        COMMENT ON STATISTICS silver.activity_kinds IS 'which bike for which sport';
        CREATE INDEX "by Name" ON silver.activity (athlete_id, lower(name) DESC NULLS LAST) INCLUDE (gear_id) WHERE name <> ' ON ONLY ';
        COMMENT ON INDEX silver."by Name" IS 'for a search';
        COMMENT ON SEQUENCE bronze_strava.answer_version_version_id_seq IS 'versions';
        GRANT USAGE ON SEQUENCE bronze_strava.answer_version_version_id_seq TO fitness_dashboard;
        COMMENT ON CONSTRAINT lap_pk ON silver.lap IS 'one lap';
        COMMENT ON CONSTRAINT lap_activity_fk ON silver.lap IS 'its activity';
        COMMENT ON POLICY own ON silver.lap IS 'own rows';
        CREATE POLICY narrow ON silver.lap AS RESTRICTIVE FOR UPDATE TO fitnessd, fitness_dashboard USING (lap_number > 0) WITH CHECK (name <> '');
        ALTER TABLE silver.split FORCE ROW LEVEL SECURITY;
        ALTER TABLE silver.activity ALTER COLUMN sport_type SET STATISTICS 500, ALTER COLUMN description SET STORAGE EXTERNAL;
        ALTER TABLE silver.activity ADD COLUMN passing integer;
        ALTER TABLE silver.activity DROP COLUMN passing;
        ALTER TABLE silver.lap ADD CONSTRAINT "One id" UNIQUE NULLS NOT DISTINCT (athlete_id, source_id, activity_id, lap_id) DEFERRABLE;
        GRANT SELECT (name, sport_type) ON silver.activity TO PUBLIC;
        GRANT UPDATE ON silver.lap TO fitness_dashboard WITH GRANT OPTION;
        REVOKE SELECT ON silver.split FROM fitness_athlete;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
        ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC;
        CREATE VIEW public.named (id, title) WITH (security_barrier, check_option = local) AS
            SELECT activity_id, name FROM silver.activity WHERE name <> '';
        CREATE VIEW public.twice AS SELECT n.title, w.* FROM public.named n, silver.athlete_week w;
        GRANT SELECT ON public.named TO fitness_athlete;
        COMMENT ON COLUMN public.named.title IS 'what it is called';
        ALTER VIEW public.named ALTER COLUMN title SET DEFAULT 'none';
        CREATE TABLE public.note (athlete_id bigint, source_id smallint, activity_id bigint, text text,
            CONSTRAINT note_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE);
        """

    /// What of the partitions somebody but the owner could get at, and what should have been cleared away.
    private static let open: SQL = """
        SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'athlete_part'::regnamespace AND c.relkind = 'r'
          AND (NOT c.relrowsecurity OR NOT c.relispartition OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
               OR EXISTS (SELECT FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner))
        UNION ALL
        SELECT nspname::text FROM pg_namespace WHERE nspname = 'athlete_part' AND nspacl IS NOT NULL OR nspname = 'partitioning'
        """

    private func migrator(_ database: Database) -> Migrator { Migrator(directory: checkout, database: database, logger: quietLogger) }

    private func inventory(_ database: Database) async throws -> [String] {
        try await database.transaction { try await CatalogueInventory.lines(of: $0) }
    }

    private func list(_ sql: SQL, _ database: Database) async throws -> [String] {
        try await database.query(sql).map { try $0.decode(String.self) }
    }

    private func expectSame(_ found: [String], as expected: [String]) {
        #expect(found.count > 500)
        for difference in found.difference(from: expected) { Issue.record("\(difference)") }
    }

    @Test func `all that the tables have is the same in partitions, and in another number of them`() async throws {
        try await RolesFixture.with(keepsConstraints: true) { fixture in
            try await fixture.owner.withConnection { try await $0.execute(Self.additions) }
            let plain = try await inventory(fixture.owner)
            let divided = try await migrator(fixture.owner).partition(into: 5)
            #expect(divided.count == 13 && divided.contains("silver.activity_stream"))
            try await expectSame(inventory(fixture.owner), as: plain)
            #expect(try await migrator(fixture.owner).partition(into: 5) == [], "nothing is left to do")
            #expect(try await migrator(fixture.owner).partition(into: 3) == divided)
            try await expectSame(inventory(fixture.owner), as: plain)
            try await makeRoles(in: fixture.owner)
            #expect(try await list(Self.open, fixture.owner) == [])
            let counts = "SELECT count(*)::text FROM pg_inherits JOIN pg_class c ON c.oid = inhparent AND relkind = 'p' GROUP BY inhparent"
            #expect(try await list(SQL(raw: counts), fixture.owner) == divided.map { _ in "3" })
        }
    }

    @Test func `partitions are closed to everybody but the owner`() async throws {
        try await RolesFixture.with(partitions: 3) { fixture in
            #expect(try await list(Self.open, fixture.owner) == [])
            #expect(try await fixture.owner.query("SELECT FROM athlete_part.lap_1_of_3").count >= 0)
            let one = try await fixture.makeLogin("one", athletes: [1])
            for role in [
                one, try await fixture.makeLogin("wide", in: "fitness_dashboard"), try await fixture.makeLogin("daemon", in: "fitnessd"),
            ] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await fixture.connected(as: role) { try await $0.execute("SELECT * FROM athlete_part.activity_0_of_3") }
                }
                #expect(error?.sqlState == "42501")
            }
        }
    }

    @Test(arguments: [
        (
            "CREATE FUNCTION silver.best(silver.activity) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function silver.best(silver.activity) depends on"
        ),
        ("CREATE MATERIALIZED VIEW public.kept AS SELECT * FROM silver.lap", "materialized view public.kept depends on silver.lap"),
        ("CREATE RULE quiet AS ON DELETE TO silver.lap DO INSTEAD NOTHING", "rule quiet on table silver.lap depends on silver.lap"),
        ("ALTER TABLE silver.lap REPLICA IDENTITY FULL", "silver.lap is unlogged, or has"),
    ])
    func `what would be lost stops it before anything is changed`(addition: String, sentence: String) async throws {
        try await withTestDatabase { database in
            try await database.withConnection { try await $0.execute(addition) }
            let before = try await inventory(database)
            let error = await #expect(throws: DatabaseError.self) { try await migrator(database).partition(into: 2) }
            #expect(error?.code == .migration && error?.message.contains(sentence) == true, "\(String(describing: error))")
            #expect(try await inventory(database) == before)
        }
    }
}
