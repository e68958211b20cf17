-- The schemas of fitnessd. Roles and their privileges: db/roles.sql.

CREATE SCHEMA sync;
COMMENT ON SCHEMA sync IS 'State of the synchronisation: athletes, schedule and leases, cursors, completeness ledger, quota, runs, quarantine. Written by fitnessd only.';

CREATE SCHEMA vault;
COMMENT ON SCHEMA vault IS 'Sealed OAuth tokens. No dashboard role may read it.';

CREATE SCHEMA bronze_strava;
COMMENT ON SCHEMA bronze_strava IS 'What Strava sent, as sent: one row per object with its exact bytes, and the predecessor''s tables as views.';

CREATE SCHEMA silver;
COMMENT ON SCHEMA silver IS 'Typed, commented tables and views for dashboards, made from bronze; silver.readme has an example for each. Filter by athlete_id. Numbers are in the unit that their name ends with, else in that of their comment. Times are UTC unless a column says local; for days, weeks and hours of the athlete use start_date_local. Null is not known, 0 is zero. Add up seconds, metres, counts and load; never percentages, averages, paces, fitness or form. Join activities with USING (athlete_id, source_id, activity_id).';

CREATE SCHEMA metrics;
COMMENT ON SCHEMA metrics IS 'Lineage of what was loaded, in the predecessor''s shape.';
