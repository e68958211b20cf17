-- Question: how did fitness and fatigue go in the last two years? From the points by heart rate (less than is asked of ours, which takes
-- power where there is some): Banister's impulse per day, then the two exponentially weighted means in closed form.
WITH impulse AS (
    SELECT a.start_date_local::timestamp::date AS day, sum(p.seconds / 60 * x.part * 0.64 * exp(1.92 * x.part)) AS load
    FROM (
        SELECT activity_id, heartrate, least(lead(time) OVER (PARTITION BY activity_id ORDER BY index) - time, 60) AS seconds
        FROM predecessor.aggregate_stream
        WHERE athlete_id = :athlete_id
    ) AS p
    JOIN predecessor.activity a ON a.athlete_id = :athlete_id AND a.activity_id = p.activity_id
    CROSS JOIN LATERAL (SELECT least(greatest((p.heartrate - 60) / 130, 0), 1) AS part) AS x
    WHERE p.heartrate IS NOT NULL
    GROUP BY 1
), calendar AS (
    SELECT d.n, coalesce(i.load, 0) AS load, (now() AT TIME ZONE 'UTC')::date - 730 + d.n AS day
    FROM generate_series(0, 730) AS d(n) LEFT JOIN impulse i ON i.day = (now() AT TIME ZONE 'UTC')::date - 730 + d.n
)
SELECT day, load, sum(load * exp(n / 42.0)) OVER w * exp(-n / 42.0) / 42, sum(load * exp(n / 7.0)) OVER w * exp(-n / 7.0) / 7
FROM calendar WINDOW w AS (ORDER BY n)
ORDER BY day;
