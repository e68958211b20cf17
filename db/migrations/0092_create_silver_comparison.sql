-- What a rebuild of silver compares before and after.

-- Covers every table of silver, those of later migrations too. Columns that only say when and by what a row was made are no content.
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
COMMENT ON FUNCTION sync.silver_content IS 'One row per row of an athlete in the tables of silver: hashes of its key and of its content, to compare before and after a rebuild.';

CREATE FUNCTION sync.silver_figures(p_athlete_id bigint) RETURNS TABLE (figure text, value float8) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
        ('training_days', t.training_days)) AS f(figure, value);
END $$;
COMMENT ON FUNCTION sync.silver_figures IS 'Sums of the main figures of an athlete''s silver, units in their names; null: there is nothing to sum.';
-- The owner's default privileges give functions of schema sync to nobody, and the daemon's role compares. Both run with their caller's rights
-- and return nothing that the caller could not read.
GRANT EXECUTE ON FUNCTION sync.silver_content(bigint), sync.silver_figures(bigint) TO PUBLIC;
