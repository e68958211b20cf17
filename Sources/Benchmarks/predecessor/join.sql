-- The predecessor's way to silver: all eleven streams of an athlete joined point by point.
INSERT INTO predecessor.aggregate_stream
SELECT index, t.data, al.data, ca.data, di.data, gr.data, hr.data, ll.latitude, ll.longitude, NULL, mo.data, te.data, ve.data, wa.data,
       a.name, a.sport_type, athlete_id, activity_id, t.metadata_insert_timestamp
FROM predecessor.time t
LEFT JOIN predecessor.altitude al USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.cadence ca USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.distance di USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.grade_smooth gr USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.heartrate hr USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.latlng ll USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.moving mo USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.temp te USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.velocity_smooth ve USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.watts wa USING (athlete_id, activity_id, index)
LEFT JOIN predecessor.activity a USING (athlete_id, activity_id)
WHERE athlete_id = :athlete_id;
