-- The default compression of PostgreSQL 15 costs some 20 times as much as lz4, and an encoded course hardly gets smaller. Rows that are there
-- stay as they are. The setting of a divided table does not reach its partitions by itself.
DO $$
DECLARE
    place regclass;
BEGIN
    FOR place IN SELECT 'silver.activity'::regclass UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = 'silver.activity'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER description SET COMPRESSION lz4, ALTER summary_polyline SET COMPRESSION lz4,
            ALTER polyline SET COMPRESSION lz4', place);
    END LOOP;
END $$;
