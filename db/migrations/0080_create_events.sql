-- What Strava announced: one row per event of a known athlete, kept so that what was announced and what was found can be compared.

CREATE TABLE sync.event (
    athlete_id  bigint      NOT NULL,
    object_type text        NOT NULL,
    object_id   bigint      NOT NULL,
    aspect_type text        NOT NULL,
    event_at    timestamptz NOT NULL,
    updates     jsonb       NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL,
    handled_at  timestamptz,
    CONSTRAINT event_pk PRIMARY KEY (athlete_id, object_type, object_id, aspect_type, event_at),
    CONSTRAINT event_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX event_open ON sync.event (athlete_id) WHERE handled_at IS NULL;
CREATE INDEX event_by_receipt ON sync.event (received_at);
CREATE INDEX activity_by_first_listed ON sync.activity (first_listed_at);
COMMENT ON TABLE sync.event IS 'Events that Strava sent. They are not signed: each only makes the athlete be looked at, nothing is believed.';
COMMENT ON COLUMN sync.event.object_type IS 'activity or athlete, as sent.';
COMMENT ON COLUMN sync.event.aspect_type IS 'create, update or delete, as sent.';
COMMENT ON COLUMN sync.event.event_at IS 'When Strava says that it happened. The same event arrives up to three times.';
COMMENT ON COLUMN sync.event.handled_at IS 'When a turn of the athlete''s that looked after the event ended; null: not yet.';
