-- The owner's default privileges give functions of schema sync to nobody: without this the daemon's role could not compare before and after
-- a rebuild until db/roles.sql is run again. Both run with their caller's rights and tell nothing that the caller could not read.
GRANT EXECUTE ON FUNCTION sync.silver_content(bigint), sync.silver_figures(bigint) TO PUBLIC;
