-- Question: how did the functional threshold power develop?
-- In:       psql variable athlete_id.
-- Out:      one row per fact: day (UTC), sport_family, power_w, origin (set, strava, estimate or default), method, power_w_per_kg (weight
--           at that date).
-- Reads:    silver.athlete_threshold. Of several facts that hold at a time, the first origin in this order counts: set, strava, estimate,
--           default.
SELECT (valid_from AT TIME ZONE 'UTC')::date AS day, sport_family, round(value::numeric) AS power_w, origin, method,
       round((value / silver.weight_kg_at(athlete_id, source_id, valid_from))::numeric, 2) AS power_w_per_kg
FROM silver.athlete_threshold
WHERE athlete_id = :athlete_id AND metric = 'power'
ORDER BY sport_family, valid_from, origin, method;
