-- Question: what is the best power over 20 minutes this season, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family with measured power: sport_family, power_w, power_w_per_kg (weight at that date), ftp_estimate_w (95
--           %), activity_id, start_date_local.
-- Reads:    silver.power_curve; the season is the calendar year by UTC. 95 % of 20 minutes as FTP: Allen and Coggan.
SELECT sport_family, round(power_w::numeric, 1) AS power_w,
       round((power_w / silver.weight_kg_at(athlete_id, source_id, start_date_local AT TIME ZONE 'UTC'))::numeric, 2) AS power_w_per_kg,
       round((power_w * 0.95)::numeric) AS ftp_estimate_w, activity_id, start_date_local
FROM silver.power_curve
WHERE athlete_id = :athlete_id AND period = 'season' AND duration_s = 1200
ORDER BY power_w DESC;
