-- The four schemas of the house and the tables of predecessor's lineage. Who may do what in them: db/roles.sql.
CREATE SCHEMA sync;
CREATE SCHEMA vault;
CREATE SCHEMA bronze_strava;
CREATE SCHEMA silver;
CREATE SCHEMA metrics;

COMMENT ON SCHEMA sync IS 'State of the synchronisation: athletes, schedule and leases, cursors, completeness ledger, quota, runs, quarantine. Written by fitnessd only.';
COMMENT ON SCHEMA vault IS 'Sealed OAuth tokens. No dashboard role may read it.';
COMMENT ON SCHEMA bronze_strava IS 'What Strava sent, as sent: one row per object with its exact bytes, and the predecessor''s tables as views.';
COMMENT ON SCHEMA silver IS 'Typed, commented tables and views for dashboards, made from bronze. Times are UTC unless a column says local.';
COMMENT ON SCHEMA metrics IS 'Lineage of what was loaded, in the predecessor''s shape.';
