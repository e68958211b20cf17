-- Question: what is the best power over each duration in the last year, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family and duration: sport_family, duration_s, power_w, power_w_per_kg (weight at that date), activity_id,
--           start_date_local.
-- Reads:    silver.best_efforts_between() over silver.activity_rollup; the year ends now by UTC.
SELECT b.sport_family, (silver.effort_durations_s())[b.rung] AS duration_s, b.value AS power_w,
       round((b.value / silver.weight_kg_at(:athlete_id, 1::smallint, b.start_date_local AT TIME ZONE 'UTC'))::numeric, 2)
           AS power_w_per_kg,
       b.activity_id, b.start_date_local
FROM silver.best_efforts_between(
    :athlete_id, 1::smallint, 'power', now() AT TIME ZONE 'UTC' - interval '1 year', 'infinity') AS b
ORDER BY b.sport_family, duration_s;
