-- Question: how much was trained in each week of the last two years? On the predecessor's table of activities; it knows no load.
SELECT date_trunc('week', start_date_local::timestamp)::date AS week_start, count(*), round((sum(distance) / 1000)::numeric, 1),
       round(sum(moving_time) / 3600.0, 2), round(sum(total_elevation_gain))
FROM predecessor.activity
WHERE athlete_id = :athlete_id AND start_date_local::timestamp >= date_trunc('week', now() AT TIME ZONE 'UTC' - interval '2 years')
GROUP BY 1
ORDER BY 1;
