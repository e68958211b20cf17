-- Making silver anew from bronze: what was asked for, how far it is, and what it changed. While an athlete's row here is in work, the
-- silver runner leaves the athlete's new work on its list, so that neither waits for the other.

CREATE TABLE sync.silver_rebuild (
    athlete_id   bigint      NOT NULL,
    is_dry_run   boolean     NOT NULL,
    requested_at timestamptz NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz,
    activities   integer,
    report       jsonb,
    error        text,
    CONSTRAINT silver_rebuild_pk PRIMARY KEY (athlete_id, is_dry_run),
    CONSTRAINT silver_rebuild_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX silver_rebuild_waiting ON sync.silver_rebuild (requested_at) WHERE finished_at IS NULL;
COMMENT ON TABLE sync.silver_rebuild IS 'The last rebuild of an athlete''s silver that was asked for, and the last dry run: one row each. Without an end it waits, is in work, or goes on after a restart.';
COMMENT ON COLUMN sync.silver_rebuild.is_dry_run IS 'The rows are made and compared, then thrown away.';
COMMENT ON COLUMN sync.silver_rebuild.requested_at IS 'When it was asked for, the last time.';
COMMENT ON COLUMN sync.silver_rebuild.started_at IS 'Since when it is in work; null: it waits.';
COMMENT ON COLUMN sync.silver_rebuild.finished_at IS 'When it ended, well or with an error; null: not yet.';
COMMENT ON COLUMN sync.silver_rebuild.activities IS 'Activities that were made anew.';
COMMENT ON COLUMN sync.silver_rebuild.report IS 'Rows per table (before, after, added, changed, removed) and sums of the main figures (before, after).';
COMMENT ON COLUMN sync.silver_rebuild.error IS 'Why the rows of before were kept; null: they were replaced.';

-- Every table of silver is looked at, those of later migrations too. What only says when and by what a row was made is no content.
CREATE FUNCTION sync.silver_content(p_athlete_id bigint) RETURNS TABLE (table_name text, row_key bigint, content bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS place, c.relname,
               string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (k.indkey)) AS keys,
               coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum <> ALL (k.indkey) AND a.attname NOT IN (
                   'transform_version', 'updated_at', 'loaded_at', 'changed_at', 'added_at', 'found_at', 'src_sha256', 'summary_sha256',
                   'detail_sha256')), '') AS facts
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = 'silver' AND c.relkind IN ('r', 'p')
        GROUP BY c.oid, c.relname
        HAVING bool_or(a.attname = 'athlete_id')
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L::text, hash_record_extended(ROW(%s), 0), hash_record_extended(ROW(%s), 0) FROM %s WHERE athlete_id = $1',
            target.relname, target.keys, target.facts, target.place) USING p_athlete_id;
    END LOOP;
END $$;
COMMENT ON FUNCTION sync.silver_content(bigint) IS 'One row per row of an athlete in the tables of silver: hashes of its key and of its content, to compare before and after a rebuild.';

CREATE FUNCTION sync.silver_figures(p_athlete_id bigint) RETURNS TABLE (figure text, value float8) LANGUAGE sql STABLE AS $$
    SELECT f.figure, f.value
    FROM (
        SELECT count(*)::float8 AS activities, sum(distance_m) AS distance_m, sum(moving_time_s)::float8 AS moving_time_s,
               sum(elevation_gain_m) AS elevation_gain_m
        FROM silver.activity WHERE athlete_id = p_athlete_id
    ) AS a
    CROSS JOIN (SELECT sum(point_count)::float8 AS points FROM silver.activity_stream WHERE athlete_id = p_athlete_id) AS s
    CROSS JOIN (SELECT sum(load) AS load FROM silver.activity_metric WHERE athlete_id = p_athlete_id) AS m
    CROSS JOIN (
        SELECT sum(u.seconds)::float8 AS zone_time_s
        FROM silver.activity_zone z CROSS JOIN LATERAL unnest(z.seconds) AS u(seconds) WHERE z.athlete_id = p_athlete_id
    ) AS z
    CROSS JOIN (SELECT count(*)::float8 AS training_days FROM silver.training_day WHERE athlete_id = p_athlete_id) AS t
    CROSS JOIN LATERAL (VALUES
        ('activities', a.activities), ('distance_m', a.distance_m), ('moving_time_s', a.moving_time_s),
        ('elevation_gain_m', a.elevation_gain_m), ('points', s.points), ('load', m.load), ('zone_time_s', z.zone_time_s),
        ('training_days', t.training_days)) AS f(figure, value)
$$;
COMMENT ON FUNCTION sync.silver_figures(bigint) IS 'Sums of the main figures of an athlete''s silver, units in their names; null: there is nothing to sum.';
