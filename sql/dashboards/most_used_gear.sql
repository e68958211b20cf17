-- Question: which bikes and shoes were used most in the last year?
-- In:       psql variable athlete_id.
-- Out:      one row per gear that was used: kind, name, activity_count, distance_km, moving_time_h, share_percent (of the distance with
--           gear of its kind), last_used_on.
-- Reads:    silver.activity and silver.gear; 365 days back from silver.today(), on the athlete's calendar.
SELECT g.kind, coalesce(g.nickname, g.name, gear_id) AS name, u.activity_count, round((u.distance_m / 1000)::numeric, 1) AS distance_km,
       round(u.moving_time_s / 3600.0, 2) AS moving_time_h,
       round((100 * u.distance_m / nullif(sum(u.distance_m) OVER (PARTITION BY g.kind), 0))::numeric, 1) AS share_percent, u.last_used_on
FROM (
    SELECT gear_id, count(*) AS activity_count, coalesce(sum(distance_m), 0) AS distance_m,
           coalesce(sum(moving_time_s), 0) AS moving_time_s, max(start_date_local)::date AS last_used_on
    FROM silver.activity
    WHERE athlete_id = :athlete_id AND gear_id IS NOT NULL AND start_date_local >= (SELECT silver.today(:athlete_id)) - 365
      AND silver.is_dated(start_date_local)
    GROUP BY gear_id
) AS u
JOIN silver.gear g USING (gear_id)
WHERE g.athlete_id = :athlete_id
ORDER BY g.kind, u.distance_m DESC, gear_id;
