-- The grade-adjusted pace as a column of its own, so that nobody divides by the wrong time.

ALTER TABLE silver.activity_metric ADD COLUMN grade_adjusted_pace_s_per_km float8
    GENERATED ALWAYS AS (CASE WHEN grade_adjusted_distance_m > 0 THEN recorded_s / grade_adjusted_distance_m * 1000 END) STORED;
COMMENT ON COLUMN silver.activity_metric.grade_adjusted_pace_s_per_km IS 'Runs and walks: seconds per kilometre on the level that cost as much, recorded_s by grade_adjusted_distance_m; pauses are left out.';
