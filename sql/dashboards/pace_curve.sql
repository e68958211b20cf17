-- Question: how fast were the distances run this year, next to the best of all time?
-- In:       psql variable athlete_id.
-- Out:      one row per distance: distance_m, season_time, season_pace_per_km, all_time_time, all_time_pace_per_km, behind_percent (season
--           slower than the best of all time).
-- Reads:    silver.pace_curve, sport family run; the season is the calendar year by UTC.
SELECT distance_m, make_interval(secs => round(season_s)) AS season_time,
       make_interval(secs => round(season_s / distance_m * 1000)) AS season_pace_per_km,
       make_interval(secs => round(all_time_s)) AS all_time_time,
       make_interval(secs => round(all_time_s / distance_m * 1000)) AS all_time_pace_per_km,
       round(((season_s / all_time_s - 1) * 100)::numeric, 1) AS behind_percent
FROM (
    SELECT distance_m, max(duration_s) FILTER (WHERE period = 'season') AS season_s,
           max(duration_s) FILTER (WHERE period = 'all_time') AS all_time_s
    FROM silver.pace_curve
    WHERE athlete_id = :athlete_id AND sport_family = 'run' AND period IN ('season', 'all_time')
    GROUP BY distance_m
) AS c
ORDER BY distance_m;
