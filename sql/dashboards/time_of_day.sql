-- Question: at what time of day does the athlete train?
-- In:       psql variable athlete_id.
-- Out:      24 rows: hour (0 to 23, local time of the start), activity_count, moving_time_h, share_percent (of the activities).
-- Reads:    silver.activity; a year back from silver.today(), on the athlete's calendar. Starts that the athlete hides (00:00:01) are left
--           out.
SELECT h.hour, coalesce(u.activity_count, 0) AS activity_count, round(coalesce(u.moving_time_s, 0) / 3600.0, 2) AS moving_time_h,
       coalesce(round(100.0 * u.activity_count / sum(u.activity_count) OVER (), 1), 0) AS share_percent
FROM generate_series(0, 23) AS h(hour)
LEFT JOIN (
    SELECT extract(hour FROM start_date_local)::integer AS hour, count(*) AS activity_count, sum(moving_time_s) AS moving_time_s
    FROM silver.activity
    WHERE athlete_id = :athlete_id AND start_date_local >= (SELECT silver.today(:athlete_id)) - interval '1 year'
      AND silver.is_dated(start_date_local) AND start_date_local::time <> '00:00:01'
    GROUP BY 1
) AS u USING (hour)
ORDER BY h.hour;
