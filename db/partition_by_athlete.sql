-- Divides the large tables into partitions by hash of athlete_id. `fitnessd migrate --partitions 16` runs it in one transaction; by hand:
--   psql -d fitness -v ON_ERROR_STOP=1 -1 -c "SET fitnessd.partitions = 16" -f db/partition_by_athlete.sql
--
-- A plain table can't become a partitioned one. So each is moved out of the way, made anew with partitions, filled, and given again what
-- it had, as the catalogue says it: keys, indexes, foreign keys, triggers, policies, privileges, comments. A view stays the view it is: it
-- is replaced by its own text, which then means the new table. What can't be carried over stops all of it before anything is changed.
-- A table that is in as many partitions already is left alone; one in another number of them is done again.
--
-- The partitions stand in a schema that only the owner may enter, with row-level security and no policy: who reads, reads the table.

-- All is done as the owner of the tables, whoever runs this.
DO $$
DECLARE
    holder CONSTANT name := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'silver.activity'::regclass);
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'the server is PostgreSQL %: partitions need version 15 or later', current_setting('server_version');
    END IF;
    IF NOT pg_has_role(current_user, holder, 'MEMBER') THEN
        RAISE EXCEPTION 'the tables belong to %: connect as that role to divide them', holder;
    END IF;
    PERFORM set_config('role', holder, true);
    -- So that the catalogue writes each name with its schema.
    PERFORM set_config('search_path', '', true);
    PERFORM set_config('client_min_messages', 'warning', true);
    -- A policy that would keep a row from being copied is an error then.
    PERFORM set_config('row_security', 'off', true);
END
$$;

-- Holds the functions of this file, and the old tables until they are dropped.
CREATE SCHEMA partitioning;

-- The tables to be done. These grow with each activity. Those of schema sync stay as they are: work is looked for over all athletes there.
CREATE FUNCTION partitioning.tables(wanted integer) RETURNS regclass[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(c.oid::regclass ORDER BY t.place)
    FROM unnest('{bronze_strava.answer,bronze_strava.answer_version,metrics.metrics,silver.activity,silver.activity_stream,
                  silver.activity_rollup,silver.activity_metric,silver.activity_zone,silver.lap,silver.split,silver.split_mile,
                  silver.quality_finding,silver.training_day}'::text[]) WITH ORDINALITY AS t(name, place)
    JOIN pg_class c ON c.oid = to_regclass(t.name)
    WHERE (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid) <> wanted
$$;

-- The views that read these tables themselves.
CREATE FUNCTION partitioning.views(moved regclass[]) RETURNS SETOF regclass LANGUAGE sql STABLE AS $$
    SELECT DISTINCT v.oid::regclass
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (moved) AND v.relkind = 'v'
$$;

-- What stands in the way, in words; null: nothing. A function that takes a table's row, say, a materialized view or a publication.
CREATE FUNCTION partitioning.obstacle(moved regclass[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%s depends on %s and would be lost: drop it first and make it again afterwards',
                  CASE WHEN m.relkind = 'm' THEN pg_describe_object('pg_class'::regclass, m.oid, 0)
                       ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END, t.oid::regclass)
    FROM pg_class t JOIN pg_type y ON y.oid = t.reltype
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
        OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray)
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_class m ON m.oid = r.ev_class
    WHERE t.oid = ANY (moved) AND NOT (
        d.classid IN ('pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_attrdef'::regclass,
                      'pg_statistic_ext'::regclass)
        OR d.classid IN ('pg_class'::regclass, 'pg_type'::regclass) AND d.deptype IN ('a', 'i')
        OR coalesce(r.ev_class = ANY (ARRAY(SELECT partitioning.views(moved)::oid)), false))
    UNION ALL
    SELECT format('%s belongs to %s, not to %s: give it to that role, or drop it first and make it again afterwards',
                  c.oid::regclass, pg_get_userbyid(c.relowner), current_user)
    FROM pg_class c
    WHERE (c.oid = ANY (moved) OR c.oid IN (SELECT partitioning.views(moved)))
      AND NOT pg_has_role(c.relowner, 'USAGE')
    UNION ALL
    SELECT format('%s is unlogged, or has a tablespace, a replica identity or options of a column of its own: change that first',
                  c.oid::regclass)
    FROM pg_class c
    WHERE c.oid = ANY (moved) AND (c.relpersistence <> 'p' OR c.reltablespace <> 0 OR c.relreplident <> 'd'
        OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attoptions IS NOT NULL))
    LIMIT 1
$$;

-- Statements that give a relation (kind: TABLE or SEQUENCE) or its columns the privileges they have now.
CREATE FUNCTION partitioning.grants(kind text, relation regclass) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('GRANT %s%s ON %s %s TO %s%s', a.privilege_type, ' (' || quote_ident(c.attname) || ')', kind, relation,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                  CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
    FROM (SELECT NULL::name AS attname, relacl AS acl, relowner AS holder FROM pg_class WHERE oid = relation
          UNION ALL
          SELECT a.attname, a.attacl, c.relowner FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid = relation) AS c
    CROSS JOIN LATERAL aclexplode(c.acl) AS a
    WHERE a.grantee <> c.holder
$$;

-- Statements that say the comments on the tables and on what belongs to them again.
CREATE FUNCTION partitioning.comments(moved regclass[]) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('COMMENT ON %s %s IS %L',
                  CASE o.type WHEN 'table column' THEN 'COLUMN' WHEN 'table constraint' THEN 'CONSTRAINT'
                      WHEN 'statistics object' THEN 'STATISTICS' ELSE upper(o.type) END,
                  o.identity, c.description)
    FROM pg_description c CROSS JOIN LATERAL pg_identify_object(c.classoid, c.objoid, c.objsubid) AS o
    WHERE c.classoid = 'pg_class'::regclass AND c.objoid = ANY (moved)
       OR (c.classoid, c.objoid) IN (
           SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = ANY (moved)
           UNION ALL SELECT 'pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid = ANY (moved)
           UNION ALL SELECT classid, objid FROM pg_depend
           WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY (moved) AND deptype = 'i'
           UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = ANY (moved)
           UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE tgrelid = ANY (moved)
           UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = ANY (moved))
$$;

-- What the tables have and their copies need, as statements in their order. Read before the tables are moved.
CREATE FUNCTION partitioning.belongings(moved regclass[]) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(statement ORDER BY place, statement) FROM (
        SELECT CASE contype WHEN 'f' THEN 2 ELSE 1 END AS place,
               format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS statement
        FROM pg_constraint
        WHERE contype IN ('p', 'u', 'x') AND conrelid = ANY (moved)
           OR contype = 'f' AND conparentid = 0 AND (conrelid = ANY (moved) OR confrelid = ANY (moved))
        UNION ALL
        SELECT 1, regexp_replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
        FROM pg_index i WHERE indrelid = ANY (moved) AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 3, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = ANY (moved) AND NOT tgisinternal
        UNION ALL
        SELECT 4, format('ALTER TABLE %s %s TRIGGER %I', tgrelid::regclass,
                         CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, tgname)
        FROM pg_trigger WHERE tgrelid = ANY (moved) AND NOT tgisinternal AND tgenabled <> 'O'
        UNION ALL
        SELECT 3, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = ANY (moved)
        UNION ALL
        SELECT 3, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', attrelid::regclass, attname, attstattarget)
        FROM pg_attribute WHERE attrelid = ANY (moved) AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
        UNION ALL
        SELECT 3, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, polrelid::regclass,
                         CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                         CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                                     ELSE 'ALL' END,
                         (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ')
                          FROM unnest(polroles) AS role),
                         ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
        FROM pg_policy WHERE polrelid = ANY (moved)
        UNION ALL
        SELECT 3, format('ALTER TABLE %s %s ROW LEVEL SECURITY', oid::regclass, rule)
        FROM pg_class CROSS JOIN LATERAL (VALUES ('ENABLE', relrowsecurity), ('FORCE', relforcerowsecurity)) AS r(rule, is_set)
        WHERE oid = ANY (moved) AND r.is_set
        UNION ALL
        SELECT 3, partitioning.grants('TABLE', t) FROM unnest(moved) AS t
        UNION ALL
        SELECT 3, unnest(ARRAY(SELECT partitioning.grants('SEQUENCE', s.oid))
                         || ('SELECT pg_catalog.setval(' || quote_literal(s.oid::regclass) || ', ' || pg_sequence_last_value(s.oid) || ')'))
        FROM pg_depend d JOIN pg_class s ON d.classid = 'pg_class'::regclass AND s.oid = d.objid AND s.relkind = 'S'
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (moved)
        UNION ALL
        SELECT 5, partitioning.comments(moved)
        UNION ALL
        SELECT 6, format('CREATE OR REPLACE VIEW %s%s AS %s', v, ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
                         pg_get_viewdef(v))
        FROM partitioning.views(moved) AS v JOIN pg_class c ON c.oid = v
    ) AS s
    WHERE statement IS NOT NULL
$$;

-- A table's storage parameters as they stand in WITH; those of a partitioned table are its partitions'. Null: none.
CREATE FUNCTION partitioning.storage(relation regclass) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT ' WITH (' || string_agg(option, ', ') || ')'
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    CROSS JOIN LATERAL (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(t.reloptions)) AS o(option)
    WHERE c.oid = coalesce((SELECT min(inhrelid) FROM pg_inherits WHERE inhparent = relation), relation)
$$;

-- Takes away what default privileges give on a new relation.
CREATE FUNCTION partitioning.close(kind text, relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reader text;
BEGIN
    FOR reader IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a WHERE c.oid = relation AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', kind, relation, reader);
    END LOOP;
END
$$;

-- Moves a table away, makes it anew in partitions, and fills it.
CREATE FUNCTION partitioning.divide(relation regclass, wanted integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place   CONSTANT text := relation;
    name    CONSTANT name := (SELECT relname FROM pg_class WHERE oid = relation);
    storage CONSTANT text := partitioning.storage(relation);
    columns CONSTANT text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '');
    counter text;
    part    text;
BEGIN
    EXECUTE format('ALTER TABLE %s SET SCHEMA partitioning', place);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING CONSTRAINTS
                    INCLUDING STORAGE INCLUDING COMPRESSION) PARTITION BY HASH (athlete_id)', place, relation);
    PERFORM partitioning.close('TABLE', place);
    FOR counter IN SELECT pg_get_serial_sequence(place, attname) FROM pg_attribute WHERE attrelid = relation AND attidentity <> '' LOOP
        PERFORM partitioning.close('SEQUENCE', counter);
    END LOOP;
    FOR remainder IN 0 .. wanted - 1 LOOP
        part := format('athlete_part.%I', format('%s_%s_of_%s', name, remainder, wanted));
        EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s', part, place, wanted, remainder,
                       storage);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part);
        PERFORM partitioning.close('TABLE', part);
    END LOOP;
    EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM partitioning.%3$I', place, columns, name);
END
$$;

DO $$
DECLARE
    wanted CONSTANT integer := current_setting('fitnessd.partitions')::integer;
    moved  CONSTANT regclass[] := partitioning.tables(wanted);
    names  CONSTANT text[] := moved::text[];
    again  text[];
    step   text;
BEGIN
    IF wanted NOT BETWEEN 2 AND 1024 THEN RAISE EXCEPTION 'the number of partitions must be from 2 to 1024'; END IF;
    IF moved IS NULL THEN RETURN; END IF;
    step := partitioning.obstacle(moved);
    IF step IS NOT NULL THEN RAISE EXCEPTION '%', step; END IF;
    EXECUTE 'LOCK TABLE ' || array_to_string(moved, ', ');
    CREATE SCHEMA IF NOT EXISTS athlete_part;
    COMMENT ON SCHEMA athlete_part IS 'Partitions, by hash of athlete_id, of tables in other schemas. Read those.';

    again := partitioning.belongings(moved);
    FOR step IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0 AND (conrelid = ANY (moved) OR confrelid = ANY (moved))
        UNION ALL
        SELECT format('DROP STATISTICS %s.%I', stxnamespace::regnamespace, stxname) FROM pg_statistic_ext WHERE stxrelid = ANY (moved)
    LOOP
        EXECUTE step;
    END LOOP;
    FOR place IN 1 .. cardinality(moved) LOOP PERFORM partitioning.divide(moved[place], wanted); END LOOP;
    FOREACH step IN ARRAY again LOOP EXECUTE step; END LOOP;
    EXECUTE 'DROP TABLE ' || array_to_string(moved, ', ');
    EXECUTE 'ANALYZE ' || array_to_string(names, ', ');
EXCEPTION WHEN out_of_memory THEN
    -- Each relation that is made stays locked until the end: about ten for each partition of a table, as measured.
    RAISE EXCEPTION
        'the server has no room for so many locks: choose fewer partitions, or set max_locks_per_transaction to % and restart the server',
        ceil((130.0 * wanted + 500) / current_setting('max_connections')::integer);
END
$$;

DROP SCHEMA partitioning CASCADE;
