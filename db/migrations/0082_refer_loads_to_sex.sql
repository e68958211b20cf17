-- Training impulse has other constants for women than for men. The sex that loads refer to becomes a part of the athlete's reference, so that
-- a profile that says it later makes all loads anew, as a new maximal heart rate does.
ALTER TABLE silver.athlete_reference ADD COLUMN sex text;
COMMENT ON COLUMN silver.athlete_reference.sex IS 'F or M as in the profile, null when it says neither: trimp then takes the constants for men.';
COMMENT ON TABLE silver.athlete_reference IS 'One row per athlete: what training load and default zones refer to. Strava''s API does not tell the heart rates.';
