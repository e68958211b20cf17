-- Question: what are the longest and the current streaks of days and weeks with an activity?
-- In:       psql variable athlete_id.
-- Out:      one row per sport family (all: any sport) and unit (day or week): sport_family, unit, longest_count, longest_started_on,
--           longest_ended_on, current_count, current_started_on.
-- Reads:    silver.streak. A streak of days is current if it reached yesterday by silver.today(), one of weeks if it reached last week;
--           else current_count is 0.
SELECT sport_family, unit, max(period_count) AS longest_count,
       (array_agg(started_on ORDER BY period_count DESC, started_on))[1] AS longest_started_on,
       (array_agg(ended_on ORDER BY period_count DESC, started_on))[1] AS longest_ended_on,
       coalesce(max(period_count) FILTER (WHERE is_current), 0) AS current_count,
       max(started_on) FILTER (WHERE is_current) AS current_started_on
FROM (
    SELECT s.*, s.ended_on >= CASE WHEN s.unit = 'day' THEN t.today - 1 ELSE date_trunc('week', t.today)::date - 1 END AS is_current
    FROM silver.streak s CROSS JOIN (SELECT silver.today(:athlete_id) AS today OFFSET 0) AS t
    WHERE s.athlete_id = :athlete_id
) AS s
GROUP BY sport_family, unit
ORDER BY sport_family, unit;
