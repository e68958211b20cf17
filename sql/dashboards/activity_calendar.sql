-- Question: on which days of this year did the athlete train, and how much?
-- In:       psql variable athlete_id.
-- Out:      one row per day from 1 January to today: day, activity_count, moving_time_h, distance_km, load.
-- Reads:    silver.athlete_day; the year and today are those of silver.today(), on the athlete's calendar. Days before the first activity
--           of all are rows of 0.
SELECT c.day::date AS day, coalesce(d.activity_count, 0) AS activity_count,
       round(coalesce(d.moving_time_s, 0) / 3600.0, 2) AS moving_time_h,
       round((coalesce(d.distance_m, 0) / 1000)::numeric, 1) AS distance_km, round(coalesce(d.load, 0)::numeric, 1) AS load
FROM (SELECT silver.today(:athlete_id)::timestamp AS today OFFSET 0) AS t
CROSS JOIN LATERAL generate_series(date_trunc('year', t.today), t.today, interval '1 day') AS c(day)
LEFT JOIN silver.athlete_day d ON d.athlete_id = :athlete_id AND d.day = c.day::date
ORDER BY c.day;
