-- Question: how fast were the distances run this year, next to the best of all time?
-- In:       psql variable athlete_id.
-- Out:      one row per distance: distance_m, season_time, season_pace_per_km, all_time_time, all_time_pace_per_km, behind_percent (season
--           slower than the best of all time).
-- Reads:    silver.pace_curve, sport family run; the season is the calendar year by UTC.
SELECT distance_m, make_interval(secs => round(s.duration_s)) AS season_time,
       make_interval(secs => round(s.pace_s_per_km)) AS season_pace_per_km, make_interval(secs => round(b.duration_s)) AS all_time_time,
       make_interval(secs => round(b.pace_s_per_km)) AS all_time_pace_per_km,
       round(((s.duration_s / b.duration_s - 1) * 100)::numeric, 1) AS behind_percent
FROM (
    SELECT distance_m, duration_s, pace_s_per_km FROM silver.pace_curve
    WHERE athlete_id = :athlete_id AND sport_family = 'run' AND period = 'all_time'
) AS b
LEFT JOIN (
    SELECT distance_m, duration_s, pace_s_per_km FROM silver.pace_curve
    WHERE athlete_id = :athlete_id AND sport_family = 'run' AND period = 'season'
) AS s USING (distance_m)
ORDER BY distance_m;
