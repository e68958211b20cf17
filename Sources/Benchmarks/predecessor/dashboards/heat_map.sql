-- Question: where was the athlete, and for how long? From the points.
SELECT floor(latitude * 1000) / 1000 + 0.0005 AS latitude, floor(longitude * 1000) / 1000 + 0.0005 AS longitude, sum(seconds)
FROM (
    SELECT latitude, longitude, least(lead(time) OVER (PARTITION BY activity_id ORDER BY index) - time, 60) AS seconds
    FROM predecessor.aggregate_stream
    WHERE athlete_id = :athlete_id
) AS p
WHERE latitude IS NOT NULL
GROUP BY floor(latitude * 1000), floor(longitude * 1000)
ORDER BY 1, 2;
