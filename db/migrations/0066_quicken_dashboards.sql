-- Three answers that dashboards wait for, by shorter ways; what they answer is the same.

-- unnest in the list of columns needs no copy of the rows it makes; and only the constant 0.5 was a numeric.
CREATE OR REPLACE VIEW silver.activity_grid WITH (security_invoker = true) AS
SELECT u.athlete_id, u.source_id, u.activity_id, u.cell,
       (u.cell / 1000000 - 90000 + 0.5::float8) / 1000 AS latitude_deg, (u.cell % 1000000 - 180000 + 0.5::float8) / 1000 AS longitude_deg,
       u.seconds
FROM (
    SELECT athlete_id, source_id, activity_id, unnest(cell) AS cell, unnest(cell_seconds) AS seconds FROM silver.activity_rollup
) AS u;

-- The athlete's number comes from the table of athletes, so that a question about one athlete looks at that one only.
CREATE OR REPLACE VIEW silver.athlete_day WITH (security_invoker = true) AS
SELECT athlete_id, source_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, fitness_ctl, fatigue_atl, form_tsb
FROM silver.training_day
UNION ALL
SELECT t.athlete_id, t.source_id, l.day + n, 0, 0, 0, 0, 0, l.fitness_ctl * exp(-n / 42.0::float8), l.fatigue_atl * exp(-n / 7.0::float8),
       l.fitness_ctl * exp(-(n - 1) / 42.0::float8) - l.fatigue_atl * exp(-(n - 1) / 7.0::float8)
FROM silver.athlete t
CROSS JOIN LATERAL (
    SELECT * FROM silver.training_day d
    WHERE d.athlete_id = t.athlete_id AND d.source_id = t.source_id
    ORDER BY d.athlete_id DESC, d.source_id DESC, d.day DESC LIMIT 1
) AS l
CROSS JOIN LATERAL generate_series(1, least((now() AT TIME ZONE 'UTC')::date - l.day, 2000)) AS n;

-- As ftp_w_at: a function in plpgsql keeps its plan for all rows of a query and all queries of a connection.
CREATE OR REPLACE FUNCTION silver.weight_kg_at(p_athlete_id bigint, p_source_id smallint, p_at timestamptz) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT h.weight_kg
        FROM silver.athlete_history h
        WHERE h.athlete_id = p_athlete_id AND h.source_id = p_source_id AND h.weight_kg > 0
        ORDER BY h.valid_from <= p_at DESC, abs(extract(epoch FROM h.valid_from - p_at))
        LIMIT 1);
END $$;

-- Asked once for each table of a reader's query: in plpgsql its plan is kept from query to query.
CREATE OR REPLACE FUNCTION silver.my_athletes() RETURNS bigint[] LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(g.athlete_id), '{}') FROM sync.reader_grant g WHERE g.role_name = session_user);
END $$;
