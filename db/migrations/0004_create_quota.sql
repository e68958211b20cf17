-- The ledger of the application's quota at Strava: calls are reserved here, in small blocks, before they are made.
-- Not per athlete: the quota belongs to the application. A few rows a quarter hour; those older than 32 days are removed.

CREATE TABLE sync.quota_window (
    span            text             NOT NULL,
    starts_at       timestamptz      NOT NULL,
    overall_limit   bigint           NOT NULL,
    read_limit      bigint           NOT NULL DEFAULT 0,
    limits_seen_at_s double precision NOT NULL DEFAULT 0,
    overall_usage   bigint           NOT NULL DEFAULT 0,
    read_usage      bigint           NOT NULL DEFAULT 0,
    exhausted       boolean          NOT NULL DEFAULT false,
    CONSTRAINT quota_window_pk PRIMARY KEY (span, starts_at),
    CONSTRAINT quota_window_span CHECK (span IN ('quarter', 'day')),
    CONSTRAINT quota_window_limit CHECK (overall_limit > 0 AND read_limit >= 0)
);
COMMENT ON TABLE sync.quota_window IS 'One row per quarter hour and per UTC day in which calls to Strava were reserved.';
COMMENT ON COLUMN sync.quota_window.span IS 'quarter: starts at :00 :15 :30 :45; day: starts at midnight UTC.';
COMMENT ON COLUMN sync.quota_window.overall_limit IS 'Calls allowed in this window, as configured or as Strava''s headers said last.';
COMMENT ON COLUMN sync.quota_window.read_limit IS 'Calls allowed in the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_window.limits_seen_at_s IS 'When a header last named limits, in seconds since 1970; 0: they are the configured ones.';
COMMENT ON COLUMN sync.quota_window.overall_usage IS 'The highest usage that a header named; it includes what others spent with the same application.';
COMMENT ON COLUMN sync.quota_window.read_usage IS 'The same for the read bucket.';
COMMENT ON COLUMN sync.quota_window.exhausted IS 'Strava answered 429 in this window: nothing more is granted in it.';

CREATE TABLE sync.quota_block (
    span          text        NOT NULL,
    starts_at     timestamptz NOT NULL,
    instance      uuid        NOT NULL,
    turn_sequence bigint      NOT NULL DEFAULT 0,
    leased        bigint      NOT NULL DEFAULT 0,
    settled       bigint      NOT NULL DEFAULT 0,
    included      bigint      NOT NULL DEFAULT 0,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT quota_block_pk PRIMARY KEY (span, starts_at, instance),
    CONSTRAINT quota_block_window_fk FOREIGN KEY (span, starts_at) REFERENCES sync.quota_window ON DELETE CASCADE
) WITH (fillfactor = 70);
COMMENT ON TABLE sync.quota_block IS 'What each run of fitnessd leased of a window. A lease dies with its window; after a crash it stays spent.';
COMMENT ON COLUMN sync.quota_block.turn_sequence IS 'Rises with each turn of the instance; a turn that comes through late is ignored.';
COMMENT ON COLUMN sync.quota_block.leased IS 'Calls made, in flight, or held for use, less those given back.';
COMMENT ON COLUMN sync.quota_block.settled IS 'Of those, the calls that certainly arrived within the window; the rest may arrive in the next one. Quarters only.';
COMMENT ON COLUMN sync.quota_block.included IS 'Calls that are certainly in the usage told with them.';

-- Makes the window's row when it is new, with the newest limits known, and takes over newer ones; among configured ones the last told
-- holds. A new day removes old windows.
CREATE FUNCTION sync.quota_open(p_span text, p_starts_at timestamptz, p_overall bigint, p_read bigint, p_seen_at_s double precision)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM sync.quota_window WHERE span = p_span AND starts_at = p_starts_at;
    IF FOUND THEN
        UPDATE sync.quota_window SET overall_limit = p_overall, read_limit = p_read, limits_seen_at_s = p_seen_at_s
        WHERE span = p_span AND starts_at = p_starts_at AND limits_seen_at_s <= p_seen_at_s
          AND (overall_limit, read_limit, limits_seen_at_s) <> (p_overall, p_read, p_seen_at_s);
        RETURN;
    END IF;

    INSERT INTO sync.quota_window (span, starts_at, overall_limit, read_limit, limits_seen_at_s)
    SELECT p_span, p_starts_at, n.overall_limit, n.read_limit, n.limits_seen_at_s
    FROM (SELECT overall_limit, read_limit, limits_seen_at_s FROM sync.quota_window
          WHERE span = p_span AND limits_seen_at_s > p_seen_at_s
          UNION ALL
          SELECT p_overall, p_read, p_seen_at_s) n
    ORDER BY n.limits_seen_at_s DESC LIMIT 1
    ON CONFLICT (span, starts_at) DO NOTHING;
    IF p_span = 'day' THEN DELETE FROM sync.quota_window WHERE starts_at < p_starts_at - interval '32 days'; END IF;
END $$;
COMMENT ON FUNCTION sync.quota_open IS 'Part of sync.quota_turn.';

-- Leased, included, own leased, own included, carried over from the quarter before, overall usage, read usage.
CREATE FUNCTION sync.quota_counts(p_span text, p_starts_at timestamptz, p_instance uuid)
RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY[b.leased, b.included, b.own_leased, b.own_included, c.carried, w.overall_usage, w.read_usage]
    FROM sync.quota_window w
    CROSS JOIN (
        SELECT coalesce(sum(leased), 0)::bigint AS leased, coalesce(sum(included), 0)::bigint AS included,
               coalesce(sum(leased) FILTER (WHERE instance = p_instance), 0)::bigint AS own_leased,
               coalesce(sum(included) FILTER (WHERE instance = p_instance), 0)::bigint AS own_included
        FROM sync.quota_block WHERE span = p_span AND starts_at = p_starts_at) b
    CROSS JOIN (
        SELECT coalesce(sum(greatest(0, leased - settled)), 0)::bigint AS carried
        FROM sync.quota_block WHERE span = 'quarter' AND starts_at = p_starts_at - interval '15 minutes') c
    WHERE w.span = p_span AND w.starts_at = p_starts_at
$$;
COMMENT ON FUNCTION sync.quota_counts IS 'Part of sync.quota_turn.';

-- How many calls a window still leaves, in the worst case: by our own count (carried + leased), and by Strava's (the highest usage
-- plus every call of ours that may not be in it yet), in each bucket.
CREATE FUNCTION sync.quota_free(p_counts bigint[], p_overall bigint, p_read bigint, p_exhausted boolean)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_exhausted THEN 0 ELSE greatest(0, least(
        p_overall - greatest(n.counted, p_counts[6] + n.outstanding),
        CASE WHEN p_read > 0 THEN p_read - greatest(n.counted, p_counts[7] + n.outstanding) ELSE p_overall END)) END
    FROM (SELECT p_counts[5] + p_counts[1] AS counted, greatest(0, p_counts[5] + p_counts[1] - p_counts[2]) AS outstanding) n
$$;
COMMENT ON FUNCTION sync.quota_free IS 'Part of sync.quota_turn.';

-- One turn of one instance: it tells its totals of a quarter hour and asks for p_want more calls of it; the answer says how many are
-- granted and what all instances together have done. In: totals, not differences, so a repeated turn changes nothing.
-- p_quarter_counts and p_day_counts: included, overall usage, read usage. p_limits: quarter overall and read, day overall and read
-- (0: unknown). All turns of a day wait for one another at the day's row, so two instances never grant the same call.
CREATE FUNCTION sync.quota_turn(
    p_instance uuid, p_quarter_at timestamptz, p_day_at timestamptz, p_sequence bigint,
    p_kept bigint, p_settled bigint, p_want bigint, p_quarter_counts bigint[], p_day_counts bigint[],
    p_quarter_exhausted boolean, p_day_exhausted boolean, p_limits bigint[], p_limits_seen_at_s double precision,
    OUT granted bigint, OUT quarter_counts bigint[], OUT day_counts bigint[], OUT quarter_exhausted boolean, OUT day_exhausted boolean,
    OUT limits bigint[], OUT limits_seen_at_s double precision)
LANGUAGE plpgsql AS $$
DECLARE
    block sync.quota_block;
    is_late boolean;
BEGIN
    PERFORM sync.quota_open('day', p_day_at, p_limits[3], p_limits[4], p_limits_seen_at_s);
    PERFORM FROM sync.quota_window WHERE span = 'day' AND starts_at = p_day_at FOR UPDATE;
    PERFORM sync.quota_open('quarter', p_quarter_at, p_limits[1], p_limits[2], p_limits_seen_at_s);

    INSERT INTO sync.quota_block (span, starts_at, instance)
    VALUES ('day', p_day_at, p_instance), ('quarter', p_quarter_at, p_instance) ON CONFLICT DO NOTHING;
    SELECT * INTO block FROM sync.quota_block b
    WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
    is_late := p_sequence <= block.turn_sequence;
    IF NOT is_late THEN
        UPDATE sync.quota_block b
        SET leased = b.leased + p_kept - block.leased, included = greatest(b.included, p_day_counts[1]), updated_at = now()
        WHERE b.span = 'day' AND b.starts_at = p_day_at AND b.instance = p_instance;
        UPDATE sync.quota_block b
        SET leased = p_kept, settled = greatest(b.settled, p_settled), included = greatest(b.included, p_quarter_counts[1]),
            turn_sequence = p_sequence, updated_at = now()
        WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_day_counts[2]), read_usage = greatest(w.read_usage, p_day_counts[3]),
            exhausted = w.exhausted OR p_day_exhausted
        WHERE w.span = 'day' AND w.starts_at = p_day_at;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_quarter_counts[2]), read_usage = greatest(w.read_usage, p_quarter_counts[3]),
            exhausted = w.exhausted OR p_quarter_exhausted
        WHERE w.span = 'quarter' AND w.starts_at = p_quarter_at;
    END IF;

    SELECT ARRAY[q.overall_limit, q.read_limit, d.overall_limit, d.read_limit], greatest(q.limits_seen_at_s, d.limits_seen_at_s),
           q.exhausted, d.exhausted
    INTO limits, limits_seen_at_s, quarter_exhausted, day_exhausted
    FROM sync.quota_window q, sync.quota_window d
    WHERE q.span = 'quarter' AND q.starts_at = p_quarter_at AND d.span = 'day' AND d.starts_at = p_day_at;
    quarter_counts := sync.quota_counts('quarter', p_quarter_at, p_instance);
    day_counts := sync.quota_counts('day', p_day_at, p_instance);
    granted := 0;
    IF is_late OR p_want <= 0 THEN RETURN; END IF;

    granted := least(p_want, sync.quota_free(quarter_counts, limits[1], limits[2], quarter_exhausted),
                     sync.quota_free(day_counts, limits[3], limits[4], day_exhausted));
    IF granted = 0 THEN RETURN; END IF;
    UPDATE sync.quota_block b SET leased = b.leased + granted
    WHERE b.instance = p_instance AND ((b.span = 'quarter' AND b.starts_at = p_quarter_at) OR (b.span = 'day' AND b.starts_at = p_day_at));
    quarter_counts[1] := quarter_counts[1] + granted;
    quarter_counts[3] := quarter_counts[3] + granted;
    day_counts[1] := day_counts[1] + granted;
    day_counts[3] := day_counts[3] + granted;
END $$;
COMMENT ON FUNCTION sync.quota_turn IS 'One turn of one instance with the quota ledger: tells its totals, asks for calls. The same rule is QuotaBook in the program.';

-- What limits, status and dashboards read.
CREATE VIEW sync.quota AS
SELECT w.span, w.starts_at, w.overall_limit, w.read_limit, w.overall_usage, w.read_usage, w.exhausted,
       coalesce(b.leased, 0) AS leased, greatest(0, greatest(w.overall_usage, w.read_usage) - coalesce(b.leased, 0)) AS foreign_calls
FROM sync.quota_window w
LEFT JOIN (SELECT span, starts_at, sum(leased)::bigint AS leased FROM sync.quota_block GROUP BY span, starts_at) b USING (span, starts_at);
COMMENT ON VIEW sync.quota IS 'Each window with what was leased in it and what others spent with the same application, as far as the headers show.';
