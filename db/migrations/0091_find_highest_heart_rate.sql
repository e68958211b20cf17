-- Each batch of silver asks for the highest heart rate of each of its athletes: the end of this index, not all their activities.
CREATE INDEX activity_metric_by_heartrate ON silver.activity_metric (athlete_id, source_id, best_heartrate_30s_bpm)
    WHERE best_heartrate_30s_bpm BETWEEN 165 AND 220;
