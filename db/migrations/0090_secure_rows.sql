-- Which login reads which athlete's rows. A login reads the rows of the athletes that were granted to it (sync.reader_grant) in every table, and
-- through every view, of silver, metrics and bronze_strava; the daemon and fitness_dashboard read all; the owner is not restricted.
--
-- The policies compare with session_user, which neither SET ROLE nor any setting changes. silver.secure() makes them on every table; the
-- migrator calls it at the end of each migration (db/after_migration.sql), db/roles.sql after it has made the roles.

CREATE TABLE sync.reader_grant (
    athlete_id bigint      NOT NULL,
    role_name  name        NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reader_grant_pk PRIMARY KEY (athlete_id, role_name),
    CONSTRAINT reader_grant_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX reader_grant_by_role ON sync.reader_grant (role_name);
COMMENT ON TABLE sync.reader_grant IS 'Which athletes'' rows a login may read: one row per athlete and login. Written by silver.grant_athlete and silver.revoke_athlete, as the owner.';
COMMENT ON COLUMN sync.reader_grant.athlete_id IS 'Athlete whose rows are shown.';
COMMENT ON COLUMN sync.reader_grant.role_name IS 'PostgreSQL role that logs in. Roles of which it is a member do not count.';
COMMENT ON COLUMN sync.reader_grant.granted_at IS 'When it was granted.';

-- It runs with the owner's rights, since readers can't enter schema sync; it takes no argument and returns the login's own grants only. Called
-- once for each table of a reader's query: in plpgsql its plan is kept from query to query.
CREATE FUNCTION silver.my_athletes() RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(g.athlete_id), '{}') FROM sync.reader_grant g WHERE g.role_name = session_user);
END $$;
COMMENT ON FUNCTION silver.my_athletes IS 'Athletes that were granted to the calling login. Row-level security shows it their rows only.';
GRANT EXECUTE ON FUNCTION silver.my_athletes() TO PUBLIC;

-- Makes one policy on one table, unless it exists or its role doesn't.
CREATE FUNCTION silver.secure_table(p_table regclass, p_policy name, p_role name, p_rule text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = p_table AND polname = p_policy)
        OR (p_role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role)) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY %I ON %s %s', p_policy, p_table, p_rule);
END $$;
COMMENT ON FUNCTION silver.secure_table IS 'Part of silver.secure.';

-- A table without athlete_id is read by the roles that read all athletes, and by nobody else. The sub-select makes the planner call the function
-- once a query; the cast keeps = ANY on an array, which an index serves.
CREATE FUNCTION silver.secure() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS name, c.relkind, c.relrowsecurity,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped) AS is_per_athlete
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind IN ('r', 'p', 'm', 'f')
        ORDER BY c.oid
    LOOP
        IF target.relkind IN ('m', 'f') THEN
            RAISE EXCEPTION '% can''t have row-level security: make it a table or a view', target.name;
        END IF;
        IF NOT target.relrowsecurity THEN EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target.name); END IF;
        IF target.is_per_athlete THEN
            PERFORM silver.secure_table(target.name, 'own', 'public',
                'FOR SELECT USING (athlete_id = ANY ((SELECT silver.my_athletes())::bigint[]))');
        END IF;
        PERFORM silver.secure_table(target.name, 'dashboard', 'fitness_dashboard', 'FOR SELECT TO fitness_dashboard USING (true)');
        PERFORM silver.secure_table(target.name, 'daemon', 'fitnessd', 'FOR ALL TO fitnessd USING (true) WITH CHECK (true)');
    END LOOP;
    -- The daemon may write rows in sync, but who reads what is the owner's to say.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitnessd') THEN
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON sync.reader_grant FROM fitnessd;
    END IF;
END $$;
COMMENT ON FUNCTION silver.secure IS 'Enables row-level security on every table of silver, metrics and bronze_strava. For the owner; may be run again.';

-- Both run with their caller's rights: they serve the owner of the schemas. A role that could read everything anyway is refused, so that a
-- grant never looks like a limit that it is not.
CREATE FUNCTION silver.grant_athlete(p_role name, p_athlete_id bigint) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wide text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitness_athlete') THEN
        RAISE EXCEPTION 'there is no role fitness_athlete: run db/roles.sql first';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_role) THEN
        RAISE EXCEPTION 'there is no role %: make it first with CREATE ROLE … LOGIN', p_role;
    END IF;
    SELECT r.rolname INTO wide FROM pg_roles r
    WHERE pg_has_role(p_role, r.oid, 'MEMBER')
      AND (r.rolname IN ('fitness_dashboard', 'fitnessd', 'fitness_owner') OR r.rolsuper OR r.rolbypassrls
           OR r.oid = (SELECT relowner FROM pg_class WHERE oid = 'silver.athlete'::regclass));
    IF FOUND THEN RAISE EXCEPTION '% has the rights of %, which reads every athlete', p_role, wide; END IF;
    -- Not yet a reader: what stands under its name was granted to another role that had this name before.
    IF NOT pg_has_role(p_role, 'fitness_athlete', 'MEMBER') THEN
        DELETE FROM sync.reader_grant WHERE role_name = p_role;
        EXECUTE format('GRANT fitness_athlete TO %I', p_role);
    END IF;
    INSERT INTO sync.reader_grant (athlete_id, role_name) VALUES (p_athlete_id, p_role) ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION silver.grant_athlete IS 'Lets a login read one athlete''s rows; call it again for more. For the owner.';

CREATE FUNCTION silver.revoke_athlete(p_role name, p_athlete_id bigint) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM sync.reader_grant WHERE role_name = p_role AND athlete_id = p_athlete_id
$$;
COMMENT ON FUNCTION silver.revoke_athlete IS 'Revokes a login''s right to read one athlete''s rows, from its next query on. For the owner.';

REVOKE EXECUTE ON FUNCTION silver.secure(), silver.secure_table(regclass, name, name, text), silver.grant_athlete(name, bigint),
    silver.revoke_athlete(name, bigint) FROM PUBLIC;
