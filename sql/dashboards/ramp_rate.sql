-- Question: how fast did fitness rise or fall, week by week in the last year?
-- In:       psql variable athlete_id.
-- Out:      one row per week: week_start (Monday), load, fitness_ctl (at the end of the week, or today), fitness_change (against the end
--           of the week before).
-- Reads:    silver.athlete_day; a year back from silver.today(), on the athlete's calendar.
SELECT week_start, round(load::numeric, 1) AS load, round(fitness_ctl::numeric, 1) AS fitness_ctl,
       round((fitness_ctl - coalesce(lag(fitness_ctl) OVER (ORDER BY week_start), 0))::numeric, 1) AS fitness_change
FROM (
    SELECT date_trunc('week', d.day)::date AS week_start, sum(d.load) AS load,
           (array_agg(d.fitness_ctl ORDER BY d.day DESC))[1] AS fitness_ctl
    FROM silver.athlete_day d CROSS JOIN (SELECT silver.today(:athlete_id) AS today OFFSET 0) AS t
    WHERE d.athlete_id = :athlete_id AND d.day >= date_trunc('week', t.today)::date - 7 * 52 AND d.day <= t.today
    GROUP BY 1
) AS w
ORDER BY week_start;
