-- Splits by the mile, the load of activities of which only averages are known, and the maximal heart rate as dated facts.

-- A table of its own, so that a sum over splits never counts a way twice.
CREATE TABLE silver.split_mile (
    LIKE silver.split INCLUDING DEFAULTS INCLUDING COMMENTS,
    CONSTRAINT split_mile_pk PRIMARY KEY (athlete_id, source_id, activity_id, split_number),
    CONSTRAINT split_mile_activity_fk FOREIGN KEY (athlete_id, source_id, activity_id) REFERENCES silver.activity ON DELETE CASCADE
);
COMMENT ON TABLE silver.split_mile IS 'One row per mile of an activity, as Strava splits it (splits_standard of the detail; runs and walks only). The last is what is left. By the kilometre: split.';
COMMENT ON COLUMN silver.split_mile.distance_m IS 'Metres: about 1609, the last one less.';

ALTER TABLE silver.activity_metric
    DROP CONSTRAINT activity_metric_load_method,
    ADD CONSTRAINT activity_metric_load_method CHECK (load_method IN ('power', 'heartrate', 'power_average', 'heartrate_average', 'none'));
COMMENT ON TABLE silver.activity_metric IS 'One row per activity with streams: figures that follow from them, and the training load. Without streams an activity has a row if its averages say something of its load; else its load is unknown and counts 0.';
COMMENT ON COLUMN silver.activity_metric.recorded_s IS 'Seconds in which something was recorded: gaps of more than 10 seconds are pauses. 0: there are no streams.';
COMMENT ON COLUMN silver.activity_metric.intensity_factor IS 'normalized_power_w / load_ftp_w (Coggan), for load_method power_average Strava''s weighted or else average power / load_ftp_w; no unit, 1 is an all-out hour. Null without a known FTP.';
COMMENT ON COLUMN silver.activity_metric.load IS 'Training load on one scale for all methods, no unit: 100 is one hour at threshold. Made as load_method says.';
COMMENT ON COLUMN silver.activity_metric.load_method IS 'power: hours · intensity_factor² · 100 (Coggan''s training stress score); heartrate: trimp relative to one hour at threshold · 100; power_average, heartrate_average: the same from the summary''s averages over its moving time, for want of streams, which is less exact (hard and easy parts are levelled); none: nothing is known, load is 0.';

CREATE VIEW silver.athlete_max_heartrate WITH (security_invoker = true) AS
SELECT athlete_id, source_id, valid_from, max_heartrate_bpm, activity_id
FROM (
    SELECT m.athlete_id, m.source_id, m.activity_id, a.start_at AS valid_from, m.best_heartrate_30s_bpm AS max_heartrate_bpm,
           max(m.best_heartrate_30s_bpm) OVER (
               PARTITION BY m.athlete_id, m.source_id ORDER BY a.start_at, m.activity_id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_bpm
    FROM silver.activity_metric m JOIN silver.activity a USING (athlete_id, source_id, activity_id)
    WHERE m.best_heartrate_30s_bpm BETWEEN 165 AND 220 AND a.start_at IS NOT NULL
) AS r
WHERE before_bpm IS NULL OR max_heartrate_bpm > before_bpm;
COMMENT ON VIEW silver.athlete_max_heartrate IS 'One row per athlete and activity that raised the highest heart rate held for 30 seconds; it holds until the next row. The newest is what athlete_reference has. Values under 165 say little of a maximum, and over 220 are taken for a fault of the sensor: both are left out.';
COMMENT ON COLUMN silver.athlete_max_heartrate.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.athlete_max_heartrate.source_id IS '1 strava_api, 2 strava_archive, 3 file.';
COMMENT ON COLUMN silver.athlete_max_heartrate.valid_from IS 'Start of the activity, UTC.';
COMMENT ON COLUMN silver.athlete_max_heartrate.max_heartrate_bpm IS 'Highest mean heart rate over 30 seconds so far, beats per minute.';
COMMENT ON COLUMN silver.athlete_max_heartrate.activity_id IS 'Activity in which it was reached.';
