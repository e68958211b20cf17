-- Question: how does this week compare with the last one, up to the same weekday?
-- In:       psql variable athlete_id.
-- Out:      one row: week_start (Monday), days (from Monday to today), load, load_last_week_to_same_day, load_last_week, moving_time_h,
--           moving_time_h_last_week_to_same_day, change_percent (of the load, null if there was none).
-- Reads:    silver.athlete_day; today is silver.today(), on the athlete's calendar.
SELECT t.monday AS week_start, t.today - t.monday + 1 AS days, round(coalesce(w.load, 0)::numeric, 1) AS load,
       round(coalesce(w.load_before, 0)::numeric, 1) AS load_last_week_to_same_day,
       round(coalesce(w.load_last_week, 0)::numeric, 1) AS load_last_week,
       round(coalesce(w.moving_time_s, 0) / 3600.0, 2) AS moving_time_h,
       round(coalesce(w.moving_time_before_s, 0) / 3600.0, 2) AS moving_time_h_last_week_to_same_day,
       round((100 * (coalesce(w.load, 0) / nullif(w.load_before, 0) - 1))::numeric) AS change_percent
FROM (
    SELECT today, date_trunc('week', today)::date AS monday FROM (SELECT silver.today(:athlete_id) AS today OFFSET 0) AS d
) AS t
CROSS JOIN LATERAL (
    SELECT sum(load) FILTER (WHERE day >= t.monday) AS load, sum(load) FILTER (WHERE day <= t.today - 7) AS load_before,
           sum(load) FILTER (WHERE day < t.monday) AS load_last_week, sum(moving_time_s) FILTER (WHERE day >= t.monday) AS moving_time_s,
           sum(moving_time_s) FILTER (WHERE day <= t.today - 7) AS moving_time_before_s
    FROM silver.athlete_day
    WHERE athlete_id = :athlete_id AND day >= t.monday - 7 AND day <= t.today
) AS w;
