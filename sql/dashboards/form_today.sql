-- Question: how fit, how tired and how fresh is the athlete today?
-- In:       psql variable athlete_id.
-- Out:      one row: day, fitness_ctl, fatigue_atl, form_tsb, load_7_days, load_28_days, fitness_change_7_days, load_from_streams_percent
--           (of the last 42 days).
-- Reads:    silver.athlete_day. The day is silver.today(), on the athlete's calendar; form is before the load of the day, fitness and
--           fatigue after it. No row without an activity in 2,000 days.
SELECT today.day, round(today.fitness_ctl::numeric, 1) AS fitness_ctl, round(today.fatigue_atl::numeric, 1) AS fatigue_atl,
       round(today.form_tsb::numeric, 1) AS form_tsb, round(u.load_7_days::numeric, 1) AS load_7_days,
       round(u.load_28_days::numeric, 1) AS load_28_days,
       round((today.fitness_ctl - coalesce(u.fitness_7_days_ago, 0))::numeric, 1) AS fitness_change_7_days,
       round((100 * u.stream_load / nullif(u.load_42_days, 0))::numeric) AS load_from_streams_percent
FROM silver.athlete_day today
CROSS JOIN LATERAL (
    SELECT sum(d.load) FILTER (WHERE d.day > today.day - 7) AS load_7_days,
           sum(d.load) FILTER (WHERE d.day > today.day - 28) AS load_28_days,
           sum(d.load) AS load_42_days, sum(d.load * d.load_confidence) AS stream_load,
           max(d.fitness_ctl) FILTER (WHERE d.day = today.day - 7) AS fitness_7_days_ago
    FROM silver.athlete_day d
    WHERE d.athlete_id = today.athlete_id AND d.source_id = today.source_id AND d.day > today.day - 42 AND d.day <= today.day
) AS u
WHERE today.athlete_id = :athlete_id AND today.day = (SELECT silver.today(:athlete_id));
