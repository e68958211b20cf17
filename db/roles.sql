-- The six roles of a fitnessd database and their privileges. Run by a superuser, in the database; may be run again at any time:
--   psql -d fitness -f db/roles.sql
--
--   fitness_owner      owns the schemas and runs migrations (fitnessd migrate); no login of its own until you give it one
--   fitnessd           the daemon: reads and writes rows, makes no tables
--   fitness_dashboard  dashboards and people: reads silver and metrics, all athletes, and nothing else; its limits hold for its own login, not
--                      for members of it
--   fitness_athlete    the same tables, but only the rows of the athletes that were granted to the login:
--                      CREATE ROLE … LOGIN PASSWORD '…'; SELECT silver.grant_athlete('…', 123);
--   fitness_reader     the login of FITNESSD_READER_DATABASE_URL, through which fitnessd reads for one athlete at a time: silver without its
--                      places, and only the rows of the athlete that fitnessd has bound to the transaction
--   fitness_places     no login: what fitness_reader becomes in a transaction to which fitnessd has bound the right to see places
--
-- Logins and passwords are yours to set: ALTER ROLE fitnessd LOGIN PASSWORD '…'. fitnessd itself runs this in its private cluster, whose socket
-- no other account can open; there fitness_owner is the superuser, fitness_reader a login without a password, and fitness_dashboard one with a
-- password, over TCP.
-- It may be run before the first migration and after each one: privileges on later tables are default privileges.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['fitness_owner', 'fitnessd', 'fitness_dashboard', 'fitness_athlete', 'fitness_reader', 'fitness_places'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', wanted);
        END IF;
    END LOOP;
END
$$;

COMMENT ON ROLE fitness_owner IS 'Owns the schemas of fitnessd and runs its migrations.';
COMMENT ON ROLE fitnessd IS 'The daemon: reads and writes rows in all its schemas.';
COMMENT ON ROLE fitness_dashboard IS 'Reads silver and metrics, all athletes.';
COMMENT ON ROLE fitness_athlete IS 'Reads the rows of silver and metrics of the athletes that were granted to the login.';
COMMENT ON ROLE fitness_reader IS 'Reads the rows of silver, places left out, of the athlete that fitnessd has bound to the transaction.';
COMMENT ON ROLE fitness_places IS 'What fitness_reader becomes where fitnessd lets it see places, metrics or raw answers.';
-- Without inheriting: fitness_reader has the other's rights only in a transaction that sets the role.
ALTER ROLE fitness_reader NOINHERIT;
GRANT fitness_places TO fitness_reader;
-- For silver.grant_athlete, which makes a login a reader.
GRANT fitness_athlete TO fitness_owner WITH ADMIN OPTION;

-- No privileges for PUBLIC.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO fitness_owner', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO fitnessd', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO fitness_dashboard, fitness_athlete, fitness_reader', current_database());
END
$$;
-- The history of migrations is in public; the daemon reads it to check that none is missing.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO fitness_owner;
GRANT USAGE ON SCHEMA public TO fitnessd;
DO $$
BEGIN
    IF to_regclass('public.fitnessd_migration') IS NOT NULL THEN
        GRANT SELECT ON public.fitnessd_migration TO fitnessd;
    END IF;
    IF to_regclass('public.fitnessd_upgrade') IS NOT NULL THEN
        GRANT SELECT ON public.fitnessd_upgrade TO fitnessd;
    END IF;
END
$$;
ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA public GRANT SELECT ON TABLES TO fitnessd;

-- The daemon writes rows in every schema that exists by now.
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
    -- Bronze is for its owner only: it holds all answers of Strava, and silver has the data of the predecessor's stream views. fitness_places
    -- reads the answers of an athlete's own export; they are shown only if silver.bind_reader was told so.
    IF to_regclass('bronze_strava.answer') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA bronze_strava TO fitness_places;
        GRANT SELECT ON bronze_strava.answer, bronze_strava.answer_version TO fitness_places;
    END IF;
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname IN ('silver', 'metrics') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO fitness_dashboard, fitness_athlete, fitness_places', place);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO fitness_dashboard, fitness_athlete, fitness_places', place);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO fitness_dashboard, fitness_athlete, fitness_places', place);
    END LOOP;
    -- Which columns of silver: silver.secure, below and after each migration.
    IF to_regnamespace('silver') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA silver TO fitness_reader;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA silver TO fitness_reader;
    END IF;
END
$$;
-- The same for tables of later migrations. (Defaults of a schema can't be set before the schema exists: run this again after the first
-- migration.)
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
            'ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT SELECT ON TABLES TO fitness_dashboard, fitness_athlete, fitness_places',
            place);
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO fitnessd, fitness_dashboard, fitness_athlete, fitness_reader, fitness_places',
            place);
    END LOOP;
END
$$;
-- Everybody may call a function unless that is revoked; it must be, for functions that run with their owner's rights.
ALTER DEFAULT PRIVILEGES FOR ROLE fitness_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- What fitness_reader runs may come from a program of the athlete's. It must not disturb other sessions, write to the disk or the server's log, or
-- see what others ask: PostgreSQL lets everybody end the sessions of the same login, take advisory locks until the lock table is full, and make
-- large objects and messages in the write-ahead log even in a transaction that is read only. Dashboards keep what ends and joins their own
-- sessions, the other roles keep all.
DO $$
DECLARE
    target regprocedure;
BEGIN
    FOR target IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname IN (
                'pg_cancel_backend', 'pg_terminate_backend', 'pg_logical_emit_message', 'pg_notify', 'pg_export_snapshot', 'lo_creat',
                'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite')
            OR p.proname ~ '^pg_(try_)?advisory_')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', target);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO fitness_owner, fitnessd, fitness_athlete, pg_signal_backend', target);
        IF target::text ~ '^pg_(cancel_backend|terminate_backend|export_snapshot)\(' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO fitness_dashboard', target);
        ELSE
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM fitness_dashboard', target);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE fitness_reader SET default_transaction_read_only = on;
ALTER ROLE fitness_reader SET search_path = silver;
ALTER ROLE fitness_reader SET statement_timeout = '30s';
ALTER ROLE fitness_reader SET idle_in_transaction_session_timeout = '5min';
-- These only a superuser may change.
ALTER ROLE fitness_reader SET temp_file_limit = '512MB';
ALTER ROLE fitness_reader SET track_activities = off;
ALTER ROLE fitness_reader SET log_min_error_statement = panic;
ALTER ROLE fitness_reader SET log_error_verbosity = terse;
ALTER ROLE fitness_reader SET log_statement = none;
ALTER ROLE fitness_reader SET log_min_duration_statement = -1;

-- A dashboard's query must not fill the disk or hold a snapshot for hours, which would keep the daemon's tables from being vacuumed.
ALTER ROLE fitness_dashboard SET default_transaction_read_only = on;
ALTER ROLE fitness_dashboard SET statement_timeout = '60s';
ALTER ROLE fitness_dashboard SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE fitness_dashboard SET temp_file_limit = '1GB';

-- Row-level security for the roles that exist by now; only the owner may change it.
DO $$
BEGIN
    IF to_regprocedure('silver.secure()') IS NOT NULL THEN
        REVOKE EXECUTE ON FUNCTION silver.secure(), silver.secure_table(regclass, name, name, text), silver.grant_athlete(name, bigint),
            silver.revoke_athlete(name, bigint), silver.grant_reader()
            FROM fitnessd, fitness_dashboard, fitness_athlete, fitness_reader, fitness_places;
        PERFORM silver.secure();
    END IF;
END
$$;
