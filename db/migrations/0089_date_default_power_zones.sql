-- Power zones by default follow the FTP of the date, as training load does: one set for each change of the FTP. Before, the newest FTP made
-- the zones of all rides.
ALTER TABLE silver.athlete_zone_set
    DROP CONSTRAINT athlete_zone_set_pk,
    ADD CONSTRAINT athlete_zone_set_pk PRIMARY KEY (athlete_id, source_id, metric, is_default, valid_from);
DELETE FROM silver.athlete_zone_set WHERE is_default AND metric = 'power';

COMMENT ON COLUMN silver.athlete_zone_set.valid_from IS 'When Strava first said so, UTC: the zones, or for default power zones the FTP; -infinity for default heart rate zones.';
COMMENT ON TABLE silver.athlete_zone_set IS 'One row per athlete, metric and change of zones, the athlete''s own and default ones apart. A set holds from valid_from until the next of its kind, the first also before; default sets hold for a metric of which the athlete has none of their own.';
COMMENT ON VIEW silver.activity_zone_time IS 'One row per activity, metric and zone: seconds in the athlete''s heart rate and power zones as they were at the start of the activity; default zones (is_default) come from the newest maximal heart rate, and from the FTP of the date. Each second is in exactly one zone of a metric. Filter by metric: both count the same time.';
