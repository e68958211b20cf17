-- The four roles of a fitnessd database and what each may do. Run by a superuser, in the database, as often as you like:
--   psql -d fitness -f db/roles.sql
--
--   fitness_owner      owns the schemas and runs migrations (fitnessd migrate); no login of its own until you give it one
--   fitnessd           the daemon: reads and writes rows, makes no tables
--   fitness_dashboard  dashboards and people: reads silver and metrics, all athletes, and nothing else
--   fitness_athlete    the same tables, but of each only the rows of the athletes that were granted to the login that asks:
--                      CREATE ROLE … LOGIN PASSWORD '…'; SELECT silver.grant_athlete('…', 123);
--
-- Passwords and logins are yours to set: ALTER ROLE fitnessd LOGIN PASSWORD '…'. The private cluster that fitnessd makes by itself
-- needs none of this: its only role is fitness_owner, behind a socket nobody else can open.
-- It may be run before the first migration and after each one: what it grants on tables that come later is a default privilege.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['fitness_owner', 'fitnessd', 'fitness_dashboard', 'fitness_athlete'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', wanted);
        END IF;
    END LOOP;
END
$$;

COMMENT ON ROLE fitness_owner IS 'Owns the schemas of fitnessd and runs its migrations.';
COMMENT ON ROLE fitnessd IS 'The daemon: reads and writes rows in all its schemas.';
COMMENT ON ROLE fitness_dashboard IS 'Reads silver and metrics, all athletes.';
COMMENT ON ROLE fitness_athlete IS 'Reads silver and metrics as far as athletes were granted to the login.';
-- So that silver.grant_athlete can make a login a reader.
GRANT fitness_athlete TO fitness_owner WITH ADMIN OPTION;

-- Nobody gets in by being nobody in particular.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO fitness_owner', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO fitnessd', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO fitness_dashboard, fitness_athlete', current_database());
END
$$;
-- The owner keeps the history of migrations in public; the daemon reads it to see that nothing is missing.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO fitness_owner;
GRANT USAGE ON SCHEMA public TO fitnessd;
DO $$
BEGIN
    IF to_regclass('public.fitnessd_migration') IS NOT NULL THEN
        GRANT SELECT ON public.fitnessd_migration TO fitnessd;
    END IF;
END
$$;
ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA public GRANT SELECT ON TABLES TO fitnessd;

-- What the daemon writes, in every schema that exists by now.
DO $$
DECLARE
    place text;
BEGIN
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics') LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', place);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO fitnessd', place);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO fitnessd', place);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO fitnessd', place);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO fitnessd', place);
    END LOOP;
    -- Bronze is for its owner: it holds all that Strava sent, and the predecessor's stream views show what silver shows.
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname IN ('silver', 'metrics') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO fitness_dashboard, fitness_athlete', place);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO fitness_dashboard, fitness_athlete', place);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO fitness_dashboard, fitness_athlete', place);
    END LOOP;
END
$$;
-- The same for tables that later migrations make. (Per schema, defaults can't be set before the schema is there: run this again
-- after the first migration.)
DO $$
DECLARE
    place text;
BEGIN
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics') LOOP
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fitnessd', place);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT USAGE ON SEQUENCES TO fitnessd', place);
    END LOOP;
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname IN ('silver', 'metrics') LOOP
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT SELECT ON TABLES TO fitness_dashboard, fitness_athlete', place);
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO fitnessd, fitness_dashboard, fitness_athlete',
            place);
    END LOOP;
END
$$;
-- Functions may be called by everybody unless that is taken back; a function that runs with its owner's rights must not be.
ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Row-level security, for the roles that exist by now, and who may say what: the owner alone.
DO $$
BEGIN
    IF to_regprocedure('silver.secure()') IS NOT NULL THEN
        REVOKE EXECUTE ON FUNCTION silver.secure(), silver.secure_table(regclass, name, name, text), silver.grant_athlete(name, bigint),
            silver.revoke_athlete(name, bigint) FROM fitnessd, fitness_dashboard, fitness_athlete;
        PERFORM silver.secure();
    END IF;
END
$$;
