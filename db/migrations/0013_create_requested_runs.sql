-- Syncs that athletes and programs ask for over HTTP, so that they can ask again how theirs went.

CREATE TABLE sync.requested_run (
    athlete_id   bigint      NOT NULL,
    run_id       bigint      GENERATED ALWAYS AS IDENTITY,
    requested_at timestamptz NOT NULL,
    CONSTRAINT requested_run_pk PRIMARY KEY (athlete_id, run_id),
    CONSTRAINT requested_run_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.requested_run IS 'One row per sync that an athlete or a program asked for over HTTP, for 30 days. How it went is worked out from the schedule and the ledger.';
COMMENT ON COLUMN sync.requested_run.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.requested_run.run_id IS 'Number of the run in this database, by which it is asked for.';
COMMENT ON COLUMN sync.requested_run.requested_at IS 'When it was asked for.';
