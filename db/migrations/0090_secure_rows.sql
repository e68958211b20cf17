-- Which login reads which athlete's rows. A login reads the rows of the athletes that were granted to it (sync.reader_grant) in every table, and
-- through every view, of silver, metrics and bronze_strava; fitness_reader those of the one athlete that fitnessd has bound to its transaction,
-- and of these what was bound with it; the daemon and fitness_dashboard read all; the owner is not restricted.
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

-- The login fitness_reader is one for all athletes: fitnessd reads through it for whoever asks. It sees nothing until silver.bind_reader binds an
-- athlete to its transaction. fitnessd proves by a MAC (HMAC-SHA256, RFC 2104) that it has chosen the athlete. SQL of fitness_reader can read
-- the binding and overwrite it, and can't make another that holds: the key is out of its reach, and a MAC holds for one athlete in one
-- transaction, whose number PostgreSQL never uses again. With the transaction's end the binding is void.
CREATE TABLE sync.reader_key (
    is_only   boolean NOT NULL DEFAULT true,
    inner_pad bytea   NOT NULL,
    outer_pad bytea   NOT NULL,
    CONSTRAINT reader_key_pk PRIMARY KEY (is_only),
    CONSTRAINT reader_key_only CHECK (is_only),
    CONSTRAINT reader_key_length CHECK (octet_length(inner_pad) = 64 AND octet_length(outer_pad) = 64)
);
COMMENT ON TABLE sync.reader_key IS 'The key of the MACs by which fitnessd binds an athlete to a transaction of fitness_reader: one row, made at random by the migration, read by the owner and fitnessd alone.';
COMMENT ON COLUMN sync.reader_key.is_only IS 'Always true: there is one row.';
COMMENT ON COLUMN sync.reader_key.inner_pad IS 'The key XOR 0x36 in each of the 64 bytes of a block, as HMAC uses it.';
COMMENT ON COLUMN sync.reader_key.outer_pad IS 'The key XOR 0x5c in each of the 64 bytes of a block.';
WITH secret AS MATERIALIZED (
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) || decode(repeat('00', 32), 'hex') AS key
)
INSERT INTO sync.reader_key (inner_pad, outer_pad)
SELECT string_agg(set_byte('\x00', 0, get_byte(key, i) # 54), '' ORDER BY i), string_agg(set_byte('\x00', 0, get_byte(key, i) # 92), '' ORDER BY i)
FROM secret, generate_series(0, 63) AS i;

-- What a binding shows beside the athlete's typed rows: a sum of these numbers, which the MAC covers as it covers the athlete.
CREATE FUNCTION silver.reader_rights(OUT answers integer, OUT places integer, OUT api_rows integer) LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT 1, 2, 4 $$;
COMMENT ON FUNCTION silver.reader_rights IS 'Rights of a binding of fitness_reader. answers: the raw answers of bronze_strava. places: silver.places(). api_rows: rows whose source is Strava''s API.';

-- The two are hashed once more before they are compared, so that the time says nothing about how far they agree.
CREATE FUNCTION sync.is_reader_mac(p_athlete_id bigint, p_rights integer, p_transaction xid8, p_mac bytea) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        sha256(k.outer_pad || p_mac) = sha256(k.outer_pad || sha256(
            k.outer_pad || sha256(k.inner_pad || int8send(p_athlete_id) || int4send(p_rights) || xid8send(p_transaction)))), false)
    FROM sync.reader_key k
$$;
COMMENT ON FUNCTION sync.is_reader_mac IS 'Whether the MAC binds this athlete with these rights to this transaction. For silver.bind_reader and sync.bound_reader.';

CREATE FUNCTION silver.bind_reader(p_athlete_id bigint, p_rights integer, p_mac bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user <> 'fitness_reader' THEN
        RAISE EXCEPTION 'the login is %, and must be fitness_reader: change FITNESSD_READER_DATABASE_URL', session_user USING ERRCODE = '28000';
    END IF;
    -- A login that could read more would make every limit below a mere appearance. It must be a member of fitness_places without inheriting its
    -- rights: only a transaction that sets this role has them.
    IF EXISTS (
            SELECT FROM pg_roles r
            WHERE r.rolname = session_user AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication))
        OR EXISTS (
            SELECT FROM pg_roles r
            WHERE r.rolname <> session_user
              AND (pg_has_role(session_user, r.oid, 'USAGE') OR r.rolname <> 'fitness_places' AND pg_has_role(session_user, r.oid, 'MEMBER'))) THEN
        RAISE EXCEPTION 'fitness_reader has attributes or memberships that db/roles.sql does not give it: take them away' USING ERRCODE = '28000';
    END IF;
    IF NOT sync.is_reader_mac(p_athlete_id, p_rights, pg_current_xact_id(), p_mac) THEN
        RAISE EXCEPTION 'the binding of fitness_reader does not hold: FITNESSD_READER_DATABASE_URL must lead to the database of FITNESSD_DATABASE_URL'
            USING ERRCODE = '28000';
    END IF;
    PERFORM set_config('fitness.reader', format('%s %s %s', p_athlete_id, p_rights, encode(p_mac, 'hex')), true);
END $$;
COMMENT ON FUNCTION silver.bind_reader IS 'Binds an athlete, with rights of silver.reader_rights, to the transaction of login fitness_reader. Needs a MAC that only fitnessd can make.';

-- Looked at again for each table of a query, since SQL may overwrite the setting.
CREATE FUNCTION sync.bound_reader(OUT athlete_id bigint, OUT rights integer) LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bound text := current_setting('fitness.reader', true);
    part  text[];
BEGIN
    IF bound ~ '^[0-9]{1,18} [0-7] [0-9a-f]{64}$' THEN
        part := string_to_array(bound, ' ');
        IF sync.is_reader_mac(part[1]::bigint, part[2]::integer, pg_current_xact_id_if_assigned(), decode(part[3], 'hex')) THEN
            athlete_id := part[1]::bigint;
            rights := part[2]::integer;
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'no athlete is bound to this transaction of fitness_reader' USING ERRCODE = '28000';
END $$;
COMMENT ON FUNCTION sync.bound_reader IS 'The athlete and the rights that silver.bind_reader has bound to the transaction, or an error.';

-- These run with the owner's rights, since readers can't enter schema sync; they return what concerns the login itself. Called once for each
-- table of a reader's query: in plpgsql the plan is kept from query to query.
CREATE FUNCTION silver.my_athletes() RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user = 'fitness_reader' THEN RETURN ARRAY[(SELECT b.athlete_id FROM sync.bound_reader() AS b)]; END IF;
    RETURN (SELECT coalesce(array_agg(g.athlete_id), '{}') FROM sync.reader_grant g WHERE g.role_name = session_user);
END $$;
COMMENT ON FUNCTION silver.my_athletes IS 'Athletes that were granted to the calling login, or bound to its transaction. Row-level security shows it their rows only.';

CREATE FUNCTION silver.reader_has(p_right integer) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF session_user = 'fitness_reader' THEN RETURN ((SELECT b.rights FROM sync.bound_reader() AS b) & p_right) <> 0; END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION silver.reader_has IS 'Whether a right of silver.reader_rights is bound to the transaction of fitness_reader. True for every other login.';
GRANT EXECUTE ON FUNCTION silver.my_athletes(), silver.reader_has(integer), silver.reader_rights() TO PUBLIC;

-- What the right "places" is about. Row-level security hides rows, no columns: fitness_reader has no privilege on these, fitness_places has, and
-- its policy shows rows only where the right was bound.
CREATE FUNCTION silver.places() RETURNS TABLE (relation name, column_name name) LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('activity'::name, 'start_latitude_deg'::name), ('activity', 'start_longitude_deg'), ('activity', 'end_latitude_deg'),
        ('activity', 'end_longitude_deg'), ('activity', 'location_city'), ('activity', 'location_state'), ('activity', 'location_country'),
        ('activity', 'summary_polyline'), ('activity', 'polyline'), ('activity_rollup', 'cell'), ('activity_rollup', 'cell_seconds'),
        ('activity_stream', 'latitude_e6'), ('activity_stream', 'longitude_e6'), ('athlete', 'city'), ('athlete', 'state'),
        ('athlete', 'country'), ('activity_grid', NULL), ('aggregate_stream', NULL), ('segment', NULL), ('segment_effort', NULL)
$$;
COMMENT ON FUNCTION silver.places IS 'Where silver holds places: positions, tracks, towns and segments. A row without column_name: the whole table or view.';

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

-- Privileges on single columns are void beside one on the table, which is therefore taken away first.
CREATE FUNCTION silver.grant_reader() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fitness_reader') THEN RETURN; END IF;
    FOR target IN
        SELECT c.oid::regclass AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE p.relation IS NULL) AS shown
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN silver.places() AS p ON p.relation = c.relname AND coalesce(p.column_name, a.attname) = a.attname
        WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        GROUP BY c.oid
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM fitness_reader', target.name);
        IF target.shown IS NOT NULL THEN EXECUTE format('GRANT SELECT (%s) ON %s TO fitness_reader', target.shown, target.name); END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION silver.grant_reader IS 'Part of silver.secure: lets fitness_reader read the columns of silver that hold no place.';

-- A table without athlete_id is read by the roles that read all athletes, and by nobody else. The sub-select makes the planner call the function
-- once a query; the cast keeps = ANY on an array, which an index serves.
CREATE FUNCTION silver.secure() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target record;
    has    record := silver.reader_rights();
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS name, c.relkind, c.relrowsecurity, n.nspname = 'bronze_strava' AS is_bronze,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'athlete_id' AND NOT a.attisdropped) AS is_per_athlete,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'source_id' AND NOT a.attisdropped) AS has_source
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('silver', 'metrics', 'bronze_strava') AND c.relkind IN ('r', 'p', 'm', 'f')
        ORDER BY c.oid
    LOOP
        IF target.relkind IN ('m', 'f') THEN
            RAISE EXCEPTION '% can''t have row-level security: make it a table or a view', target.name;
        END IF;
        IF NOT target.relrowsecurity THEN EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target.name); END IF;
        IF target.is_per_athlete THEN
            PERFORM silver.secure_table(
                target.name, 'own', 'public', 'FOR SELECT USING (athlete_id = ANY ((SELECT silver.my_athletes())::bigint[]))');
        END IF;
        -- Without a source a row is taken for one of the API.
        PERFORM silver.secure_table(target.name, 'reader', 'fitness_places', format(
            'AS RESTRICTIVE FOR SELECT TO fitness_reader, fitness_places USING ((%s(SELECT silver.reader_has(%s)))%s)',
            CASE WHEN target.has_source THEN 'source_id <> 1 OR ' ELSE '' END, has.api_rows,
            CASE WHEN target.is_bronze THEN format(' AND (SELECT silver.reader_has(%s))', has.answers) ELSE '' END));
        PERFORM silver.secure_table(target.name, 'places', 'fitness_places', format(
            'AS RESTRICTIVE FOR SELECT TO fitness_places USING ((SELECT silver.reader_has(%s)))', has.places));
        PERFORM silver.secure_table(target.name, 'dashboard', 'fitness_dashboard', 'FOR SELECT TO fitness_dashboard USING (true)');
        PERFORM silver.secure_table(target.name, 'daemon', 'fitnessd', 'FOR ALL TO fitnessd USING (true) WITH CHECK (true)');
    END LOOP;
    PERFORM silver.grant_reader();
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
    IF p_role = 'fitness_reader' THEN
        RAISE EXCEPTION 'fitness_reader takes no grants: fitnessd binds an athlete to each of its transactions';
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
    silver.revoke_athlete(name, bigint), silver.grant_reader(), silver.bind_reader(bigint, integer, bytea),
    sync.is_reader_mac(bigint, integer, xid8, bytea), sync.bound_reader() FROM PUBLIC;
