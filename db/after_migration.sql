-- The migrator runs this at the end of each migration, in its transaction, so that no table of silver is ever committed without its policies.
DO $$
BEGIN
    IF to_regprocedure('silver.secure()') IS NOT NULL THEN
        PERFORM silver.secure();
    END IF;
END
$$;
