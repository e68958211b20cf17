-- Spreads the tables over the nodes of a Citus cluster, all rows of an athlete on one node. Run by a superuser on the coordinator, once,
-- after the migrations and db/roles.sql:
--   psql -d fitness -v ON_ERROR_STOP=1 -1 -f db/distribute_citus.sql
--
-- Written after the documentation of Citus and never run: try it on a copy first, row-level security and the views of silver among it.
-- Meant for a copy that dashboards read. The daemon itself needs a plain PostgreSQL: it locks rows of several athletes in one statement
-- (the claim of the scheduler, the landing transaction), and Citus takes SELECT … FOR UPDATE for one shard only.

-- Small, and read with everything: a copy on each node. A reference table can't refer to a distributed one, so the grants lose their
-- foreign key: a grant for an athlete who was erased then stays, and shows nothing.
SELECT create_reference_table('bronze_strava.source');
SELECT create_reference_table('bronze_strava.endpoint');
ALTER TABLE sync.reader_grant DROP CONSTRAINT reader_grant_athlete_fk;
SELECT create_reference_table('sync.reader_grant');

-- Whom others refer to comes first. All are co-located: foreign keys and joins by athlete stay on one node.
SELECT create_distributed_table('sync.athlete', 'athlete_id', colocate_with => 'none');
SELECT create_distributed_table('sync.schedule', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.cursor', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.activity', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.completeness', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.athlete_object', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.quarantine', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.transform_work', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.silver_lock', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.silver_rebuild', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.run', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('sync.event', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('vault.token', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('bronze_strava.answer', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('bronze_strava.answer_version', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('metrics.metrics', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_history', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_reference', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_zone_set', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.gear_item', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.athlete_finding', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.training_day', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.lap', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.split', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.split_mile', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_stream', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_rollup', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_metric', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.quality_finding', 'athlete_id', colocate_with => 'sync.athlete');
SELECT create_distributed_table('silver.activity_zone', 'athlete_id', colocate_with => 'sync.athlete');
