-- Question: how much time was spent in each heart rate zone in the last 90 days? From the points, heart rate only (less than is asked of
-- ours); a step of more than a minute is a pause.
SELECT zone, round((sum(seconds) / 3600)::numeric, 2) AS hours
FROM (
    SELECT width_bucket(s.heartrate, ARRAY[0, 111, 139, 152, 166]::float8[]) AS zone,
           least(lead(s.time) OVER (PARTITION BY s.activity_id ORDER BY s.index) - s.time, 60) AS seconds
    FROM predecessor.aggregate_stream s
    JOIN predecessor.activity a USING (athlete_id, activity_id)
    WHERE s.athlete_id = :athlete_id AND a.start_date_local::timestamp >= now() AT TIME ZONE 'UTC' - interval '90 days'
) AS p
WHERE zone IS NOT NULL
GROUP BY zone
ORDER BY zone;
