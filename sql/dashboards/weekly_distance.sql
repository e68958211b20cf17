-- Question: how far did the athlete go in each of the last 12 weeks, weeks without activities included?
-- In:       psql variable athlete_id.
-- Out:      twelve rows, the current week last: week_start (Monday), distance_km, run_km, ride_km, swim_km, activity_count.
-- Reads:    silver.athlete_week; the current week is that of silver.today(), on the athlete's calendar.
SELECT w.week_start, round((coalesce(sum(k.distance_m), 0) / 1000)::numeric, 1) AS distance_km,
       round((coalesce(sum(k.distance_m) FILTER (WHERE k.sport_family = 'run'), 0) / 1000)::numeric, 1) AS run_km,
       round((coalesce(sum(k.distance_m) FILTER (WHERE k.sport_family = 'ride'), 0) / 1000)::numeric, 1) AS ride_km,
       round((coalesce(sum(k.distance_m) FILTER (WHERE k.sport_family = 'swim'), 0) / 1000)::numeric, 1) AS swim_km,
       coalesce(sum(k.activity_count), 0) AS activity_count
FROM (
    SELECT date_trunc('week', silver.today(:athlete_id))::date - 7 * n AS week_start FROM generate_series(0, 11) AS n
) AS w
LEFT JOIN silver.athlete_week k ON k.athlete_id = :athlete_id AND k.week_start = w.week_start
GROUP BY w.week_start
ORDER BY w.week_start;
