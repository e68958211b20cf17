-- Each landing adds rows of its own to the work list. Before, it shared one row an activity with the landings before it, and waited when a
-- runner held that row. An athlete's silver is made by one runner at a time, which holds an advisory lock.
ALTER TABLE sync.transform_work DROP CONSTRAINT transform_work_pk;
ALTER TABLE sync.transform_work DROP COLUMN attempts;
ALTER TABLE sync.transform_work ADD COLUMN work_id bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE sync.transform_work ADD CONSTRAINT transform_work_pk PRIMARY KEY (athlete_id, activity_id, work_id);

COMMENT ON TABLE sync.transform_work IS 'Activities whose bronze is newer than their silver: one row a landing, written in its transaction, taken by the silver runner. activity_id 0 stands for the athlete''s own objects. enqueued_at is infinity for rows that are made anew behind all live work.';

CREATE OR REPLACE VIEW silver.freshness WITH (security_barrier = true) AS
SELECT
    a.athlete_id,
    CASE WHEN a.state = 'active' AND a.paused_until > now() THEN 'paused' ELSE a.state END AS state,
    v.newest_start_at AS newest_activity_at, c.listed_at, c.history_complete_at,
    extract(epoch FROM now() - v.newest_start_at)::float8 AS newest_activity_age_s,
    extract(epoch FROM now() - c.listed_at)::float8 AS data_age_s,
    w.backlog AS silver_backlog, w.oldest_at AS silver_backlog_oldest_at
FROM sync.athlete a
LEFT JOIN sync.cursor c ON c.athlete_id = a.athlete_id
LEFT JOIN LATERAL (
    SELECT start_at AS newest_start_at FROM sync.activity
    WHERE athlete_id = a.athlete_id AND gone_at IS NULL ORDER BY start_at DESC LIMIT 1
) v ON true
LEFT JOIN LATERAL (
    -- What is made anew behind all live work is enqueued at infinity: it is a backlog, but it is not late.
    SELECT count(DISTINCT activity_id) AS backlog, min(enqueued_at) FILTER (WHERE enqueued_at < 'infinity') AS oldest_at
    FROM sync.transform_work WHERE athlete_id = a.athlete_id
) w ON true
WHERE silver.may_read_athlete(a.athlete_id);
