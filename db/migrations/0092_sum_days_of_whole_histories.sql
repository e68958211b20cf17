-- A batch looks up few rows and tells the planner so; this function reads all of an athlete's. Without statistics the planner takes them for
-- two, and would join them row by row.
ALTER FUNCTION silver.refresh_training_day(bigint, smallint) SET enable_seqscan = on;
ALTER FUNCTION silver.refresh_training_day(bigint, smallint) SET enable_hashjoin = on;
ALTER FUNCTION silver.refresh_training_day(bigint, smallint) SET enable_mergejoin = on;
ALTER FUNCTION silver.refresh_training_day(bigint, smallint) SET enable_nestloop = off;
