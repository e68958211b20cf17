-- Question: how does this year compare with last year up to the same day, by sport family?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family with activities in either: sport_family, activity_count, activity_count_last_year, distance_km,
--           distance_km_last_year, moving_time_h, moving_time_h_last_year, elevation_gain_m, elevation_gain_m_last_year.
-- Reads:    silver.activity. The day is silver.today(), on the athlete's calendar; 29 February is compared with 28 February.
SELECT a.sport_family, count(*) FILTER (WHERE is_this_year) AS activity_count,
       count(*) FILTER (WHERE NOT is_this_year) AS activity_count_last_year,
       round((coalesce(sum(a.distance_m) FILTER (WHERE is_this_year), 0) / 1000)::numeric, 1) AS distance_km,
       round((coalesce(sum(a.distance_m) FILTER (WHERE NOT is_this_year), 0) / 1000)::numeric, 1) AS distance_km_last_year,
       round(coalesce(sum(a.moving_time_s) FILTER (WHERE is_this_year), 0) / 3600.0, 2) AS moving_time_h,
       round(coalesce(sum(a.moving_time_s) FILTER (WHERE NOT is_this_year), 0) / 3600.0, 2) AS moving_time_h_last_year,
       round(coalesce(sum(a.elevation_gain_m) FILTER (WHERE is_this_year), 0)) AS elevation_gain_m,
       round(coalesce(sum(a.elevation_gain_m) FILTER (WHERE NOT is_this_year), 0)) AS elevation_gain_m_last_year
FROM (SELECT silver.today(:athlete_id) AS today OFFSET 0) AS t
CROSS JOIN LATERAL (VALUES
    (true, date_trunc('year', t.today::timestamp), t.today::timestamp + interval '1 day'),
    (false, date_trunc('year', t.today::timestamp) - interval '1 year', t.today::timestamp - interval '1 year' + interval '1 day')
) AS w(is_this_year, first_instant, end_instant)
JOIN silver.activity a ON a.start_date_local >= w.first_instant AND a.start_date_local < w.end_instant
WHERE a.athlete_id = :athlete_id
GROUP BY a.sport_family
ORDER BY a.sport_family;
