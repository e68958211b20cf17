-- Who reads every athlete sees also those of whom nothing is in silver yet: what is missing of them is what silver.completeness is for.

CREATE OR REPLACE FUNCTION silver.may_read_athlete(asked bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT row_security_active('silver.athlete'::regclass)
        OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname IN ('fitness_dashboard', 'fitnessd') AND pg_has_role(r.oid, 'USAGE'))
        OR EXISTS (SELECT FROM silver.athlete AS a WHERE a.athlete_id = asked);
END
$$;
COMMENT ON FUNCTION silver.may_read_athlete IS 'Whether who asks may see this athlete''s rows: all of them, or those that row-level security on silver.athlete shows.';
