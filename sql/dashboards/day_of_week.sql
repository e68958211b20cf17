-- Question: on which days of the week does the athlete train, and how hard?
-- In:       psql variable athlete_id.
-- Out:      seven rows: weekday (1 Monday to 7 Sunday), days_trained_percent, activity_count, moving_time_h (mean per week), load (mean
--           per week).
-- Reads:    silver.athlete_day, the last 52 whole weeks before that of silver.today(), on the athlete's calendar.
SELECT w.weekday, coalesce(round(100.0 * u.days_trained / 52, 1), 0) AS days_trained_percent,
       coalesce(u.activity_count, 0) AS activity_count, round(coalesce(u.moving_time_s, 0) / 3600.0 / 52, 2) AS moving_time_h,
       round((coalesce(u.load, 0) / 52)::numeric, 1) AS load
FROM generate_series(1, 7) AS w(weekday)
LEFT JOIN (
    SELECT extract(isodow FROM d.day)::integer AS weekday, count(*) FILTER (WHERE d.activity_count > 0) AS days_trained,
           sum(d.activity_count) AS activity_count, sum(d.moving_time_s) AS moving_time_s, sum(d.load) AS load
    FROM silver.athlete_day d CROSS JOIN (SELECT date_trunc('week', silver.today(:athlete_id))::date AS monday OFFSET 0) AS t
    WHERE d.athlete_id = :athlete_id AND d.day >= t.monday - 364 AND d.day < t.monday
    GROUP BY 1
) AS u USING (weekday)
ORDER BY w.weekday;
