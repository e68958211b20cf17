-- Bronze: what Strava sent, byte for byte, one row per API object; and the lineage of what was loaded, in the predecessor's shape.

CREATE TABLE bronze_strava.source (
    source_id smallint NOT NULL,
    name      text     NOT NULL,
    CONSTRAINT source_pk PRIMARY KEY (source_id)
);
COMMENT ON TABLE bronze_strava.source IS 'The origin of a row. Retention is set per source: copies of API data may have to be removed, the athlete''s own archive and files stay.';
INSERT INTO bronze_strava.source VALUES (1, 'strava_api'), (2, 'strava_archive'), (3, 'file');

CREATE TABLE bronze_strava.endpoint (
    endpoint smallint NOT NULL,
    name     text     NOT NULL,
    CONSTRAINT endpoint_pk PRIMARY KEY (endpoint)
);
COMMENT ON TABLE bronze_strava.endpoint IS 'Kinds of API objects. activity_summary is one element of a list page, the others are whole answers.';
INSERT INTO bronze_strava.endpoint VALUES
    (1, 'activity_summary'), (2, 'activity'), (3, 'streams'), (4, 'athlete'), (5, 'athlete_zones'), (6, 'activity_zones'), (7, 'gear'),
    (8, 'athlete_stats');

CREATE TABLE bronze_strava.answer (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL DEFAULT 1,
    endpoint   smallint    NOT NULL,
    object_id  bigint      NOT NULL,
    request    text        NOT NULL,
    status     smallint    NOT NULL,
    fetched_at timestamptz NOT NULL,
    body_bytes integer     NOT NULL,
    sha256     bytea       NOT NULL,
    body       bytea       COMPRESSION lz4 NOT NULL,
    CONSTRAINT answer_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id),
    CONSTRAINT answer_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT answer_sha256 CHECK (octet_length(sha256) = 32)
) WITH (toast.autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX answer_by_age ON bronze_strava.answer (fetched_at) WHERE source_id = 1;
COMMENT ON TABLE bronze_strava.answer IS 'The newest answer for each API object, as sent. Read one in psql with convert_from(body, ''UTF8'').';
COMMENT ON COLUMN bronze_strava.answer.endpoint IS 'See bronze_strava.endpoint. 1 activity_summary, 2 activity, 3 streams, 4 athlete, 5 athlete_zones, 6 activity_zones, 7 gear, 8 athlete_stats.';
COMMENT ON COLUMN bronze_strava.answer.object_id IS 'Activity id for endpoints 1, 2, 3 and 6; athlete id for 4, 5 and 8; for 7 the number in the gear''s id, negative for shoes.';
COMMENT ON COLUMN bronze_strava.answer.request IS 'Path and query of the request, without host and token.';
COMMENT ON COLUMN bronze_strava.answer.status IS 'HTTP status of the answer.';
COMMENT ON COLUMN bronze_strava.answer.fetched_at IS 'When these bytes were first received. The same bytes received again change nothing.';
COMMENT ON COLUMN bronze_strava.answer.body_bytes IS 'Length of body before compression, in bytes.';
COMMENT ON COLUMN bronze_strava.answer.sha256 IS 'SHA-256 of body, 32 bytes, by which an unchanged answer is recognised before anything is written.';
COMMENT ON COLUMN bronze_strava.answer.body IS 'Exact bytes of the answer; for an activity_summary the exact bytes of its element in the list page.';

CREATE TABLE bronze_strava.answer_version (
    athlete_id bigint      NOT NULL,
    source_id  smallint    NOT NULL,
    endpoint   smallint    NOT NULL,
    object_id  bigint      NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz NOT NULL,
    version_id bigint      GENERATED ALWAYS AS IDENTITY,
    request    text        NOT NULL,
    status     smallint    NOT NULL,
    body_bytes integer     NOT NULL,
    sha256     bytea       NOT NULL,
    body       bytea       COMPRESSION lz4 NOT NULL,
    CONSTRAINT answer_version_pk PRIMARY KEY (athlete_id, source_id, endpoint, object_id, version_id),
    CONSTRAINT answer_version_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX answer_version_by_age ON bronze_strava.answer_version (valid_to);
CREATE INDEX answer_version_by_receipt ON bronze_strava.answer_version (valid_from) WHERE source_id = 1;
COMMENT ON TABLE bronze_strava.answer_version IS 'Earlier versions of answers that changed.';
COMMENT ON COLUMN bronze_strava.answer_version.valid_from IS 'When these bytes were received.';
COMMENT ON COLUMN bronze_strava.answer_version.valid_to IS 'When other bytes for the same object were received.';

CREATE TABLE metrics.metrics (
    athlete_id   bigint      NOT NULL,
    activity_id  bigint,
    data_source  text        NOT NULL,
    data_stream  text        NOT NULL,
    record_count integer     NOT NULL,
    status       text        NOT NULL,
    inserted_at  timestamptz NOT NULL,
    metric_id    bigint      GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT metrics_pk PRIMARY KEY (athlete_id, metric_id),
    CONSTRAINT metrics_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX metrics_by_activity ON metrics.metrics (athlete_id, activity_id);
COMMENT ON TABLE metrics.metrics IS 'Lineage: one row per changed object that landed, and for a streams answer one row per stream. Written in the landing transaction.';
COMMENT ON COLUMN metrics.metrics.activity_id IS 'Null for the athlete''s own objects.';
COMMENT ON COLUMN metrics.metrics.data_source IS 'STRAVA.';
COMMENT ON COLUMN metrics.metrics.data_stream IS 'Name of the endpoint, or of the stream (time, distance, latlng, …).';
COMMENT ON COLUMN metrics.metrics.record_count IS 'Elements of a stream as sent, else 1; 0 when the answer could not be read. In silver a stream that is shorter than the others is filled up with nulls.';
COMMENT ON COLUMN metrics.metrics.metric_id IS 'Number of the row; not in the predecessor''s table. Part of the key, without which Citus can''t move rows to another node.';
COMMENT ON COLUMN metrics.metrics.status IS 'SUCCESS or FAILURE (kept as sent, but not readable).';
