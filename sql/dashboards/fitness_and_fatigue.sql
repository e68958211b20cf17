-- Question: how did fitness, fatigue and form develop in the last two years?
-- In:       psql variable athlete_id.
-- Out:      one row per day: day, load, fitness_ctl, fatigue_atl, form_tsb.
-- Reads:    silver.athlete_day; two years back from today by UTC.
SELECT day, round(load::numeric, 1) AS load, round(fitness_ctl::numeric, 1) AS fitness_ctl, round(fatigue_atl::numeric, 1) AS fatigue_atl,
       round(form_tsb::numeric, 1) AS form_tsb
FROM silver.athlete_day
WHERE athlete_id = :athlete_id AND day >= (now() AT TIME ZONE 'UTC' - interval '2 years')::date
ORDER BY day;
