-- Spreads a copy of the database, for dashboards, over the nodes of a Citus cluster: all rows of an athlete on one node. Run by a superuser on
-- the coordinator, once, in an empty database after the migrations and db/roles.sql; then load the rows, athlete by athlete or with
-- pg_dump --data-only. Logical replication does not fill distributed tables.
--   psql -d fitness_copy -v ON_ERROR_STOP=1 -f db/distribute_citus.sql
--
-- The daemon does not run on such a database: it locks rows of several athletes in one statement, and Citus takes SELECT … FOR UPDATE for one
-- shard only. db/README.md, "A copy on Citus", says what holds and what does not.
BEGIN;

-- Citus takes no sub-select in a policy. On a single server the sub-select makes the planner call the function once a query; without it,
-- dashboards with many look-ups cost up to two thirds more.
DO $$
DECLARE
    place regclass;
BEGIN
    FOR place IN SELECT polrelid FROM pg_policy WHERE polname = 'own' LOOP
        EXECUTE format('ALTER POLICY own ON %s USING (athlete_id = ANY (silver.my_athletes()))', place);
    END LOOP;
    -- For fitness_reader, to whose transactions nobody binds an athlete here.
    FOR place IN SELECT polrelid FROM pg_policy WHERE polname = 'reader' LOOP
        EXECUTE format('DROP POLICY reader ON %s', place);
        EXECUTE format('DROP POLICY places ON %s', place);
    END LOOP;
END
$$;

-- Small tables that are read together with the others: a copy on each node. A reference table can't refer to a distributed one, so the grants
-- lose their foreign key: a grant for an athlete who was erased remains, and shows nothing.
SELECT create_reference_table('bronze_strava.source');
SELECT create_reference_table('bronze_strava.endpoint');
ALTER TABLE sync.reader_grant DROP CONSTRAINT reader_grant_athlete_fk;
SELECT create_reference_table('sync.reader_grant');

-- Tables that others refer to come first. All are co-located: foreign keys and joins by athlete stay on one node.
SELECT create_distributed_table('sync.athlete', 'athlete_id', colocate_with => 'none');
SELECT create_distributed_table('sync.uid_move', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.schedule', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.cursor', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.activity', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.completeness', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.athlete_threshold', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.athlete_object', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.quarantine', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.transform_work', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.silver_lock', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.silver_rebuild', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.run', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.event', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.api_token', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.web_session_athlete', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.erasure_request', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.requested_run', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.audit_athlete', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('vault.token', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('bronze_strava.answer', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('bronze_strava.answer_version', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('metrics.metrics', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_history', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_reference', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_threshold', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.threshold_work', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_zone_set', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.gear_item', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_stats', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_finding', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.training_day', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.lap', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.split', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.split_mile', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.best_effort', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.segment_effort', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.photo', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_strava_zone', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_stream', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_rollup', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_metric', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.quality_finding', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_zone', 'athlete_id', colocate_with => 'sync.athlete');

COMMIT;

-- These read tables while a query runs on a shard, which Citus allows by this setting. Not in the transaction above: Citus refuses to replace a
-- function in a transaction that has made distributed tables.
ALTER FUNCTION silver.my_athletes() SET citus.allow_nested_distributed_execution = on;
ALTER FUNCTION silver.may_read_athlete(bigint) SET citus.allow_nested_distributed_execution = on;
ALTER FUNCTION silver.best_efforts_between(bigint, smallint, text, timestamp, timestamp, text) SET citus.allow_nested_distributed_execution = on;
ALTER FUNCTION silver.weight_kg_at(bigint, smallint, timestamptz) SET citus.allow_nested_distributed_execution = on;
ALTER FUNCTION silver.today(bigint, smallint) SET citus.allow_nested_distributed_execution = on;
