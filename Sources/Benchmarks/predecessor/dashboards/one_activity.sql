-- Question: how did one activity go, in at most 500 points? On the predecessor's wide table.
SELECT s.time, s.distance, s.altitude, s.velocity_smooth, s.heartrate, s.watts, s.cadence
FROM predecessor.aggregate_stream s
WHERE s.athlete_id = :athlete_id AND s.activity_id = :activity_id
  AND (s.index - 1) % (SELECT greatest(1, ceil(count(*) / 500.0)::integer) FROM predecessor.aggregate_stream c
                       WHERE c.athlete_id = :athlete_id AND c.activity_id = :activity_id) = 0
ORDER BY s.index;
