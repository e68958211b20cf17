-- The default compression of PostgreSQL 15 costs some 20 times as much as lz4, and an encoded course hardly gets smaller. Rows that are there
-- stay as they are.
ALTER TABLE silver.activity
    ALTER description SET COMPRESSION lz4, ALTER summary_polyline SET COMPRESSION lz4, ALTER polyline SET COMPRESSION lz4;
