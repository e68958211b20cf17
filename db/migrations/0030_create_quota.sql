-- The ledger of the application's quota at Strava: calls are reserved here, in small blocks, before they are made.
-- Not per athlete: the quota belongs to the application. A few rows per quarter hour; those older than 32 days are removed.
--
-- What one instance's header shows counts for all: a call known to have arrived before another was sent is included in the usage that the
-- other's answer reports, whichever instance made it.

CREATE TABLE sync.quota_limit (
    singleton               boolean          NOT NULL DEFAULT true,
    quarter_overall         bigint           NOT NULL,
    quarter_read            bigint           NOT NULL DEFAULT 0,
    day_overall             bigint           NOT NULL,
    day_read                bigint           NOT NULL DEFAULT 0,
    seen_at_s               double precision NOT NULL DEFAULT 0,
    trusted_quarter_overall bigint           NOT NULL DEFAULT 0,
    trusted_quarter_read    bigint           NOT NULL DEFAULT 0,
    trusted_day_overall     bigint           NOT NULL DEFAULT 0,
    trusted_day_read        bigint           NOT NULL DEFAULT 0,
    doubted_at_s            bigint           NOT NULL DEFAULT 0,
    probed_at               timestamptz,
    CONSTRAINT quota_limit_pk PRIMARY KEY (singleton),
    CONSTRAINT quota_limit_singleton CHECK (singleton),
    CONSTRAINT quota_limit_sign CHECK (quarter_overall > 0 AND quarter_read >= 0 AND day_overall > 0 AND day_read >= 0)
);
COMMENT ON TABLE sync.quota_limit IS 'The application''s limits, as configured or as Strava''s headers last named them: one row.';
COMMENT ON COLUMN sync.quota_limit.quarter_overall IS 'Calls allowed in a quarter hour.';
COMMENT ON COLUMN sync.quota_limit.quarter_read IS 'The same for the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_limit.day_overall IS 'Calls allowed in a UTC day.';
COMMENT ON COLUMN sync.quota_limit.day_read IS 'The same for the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_limit.seen_at_s IS 'When a header last named limits, by Strava''s clock in seconds since 1970; 0: they are configured.';
COMMENT ON COLUMN sync.quota_limit.trusted_quarter_overall IS 'While the limits are in doubt: the calls formerly allowed in a quarter hour; 0: the limits are trusted.';
COMMENT ON COLUMN sync.quota_limit.trusted_quarter_read IS 'The same for the read bucket; 0: no answer named it, or the limits are trusted.';
COMMENT ON COLUMN sync.quota_limit.trusted_day_overall IS 'The same for a UTC day.';
COMMENT ON COLUMN sync.quota_limit.trusted_day_read IS 'The same for a UTC day and the read bucket.';
COMMENT ON COLUMN sync.quota_limit.doubted_at_s IS 'When a header first named the limits that are in doubt, by Strava''s clock in seconds since 1970; 0: they are trusted.';
COMMENT ON COLUMN sync.quota_limit.probed_at IS 'Start of the latest quarter hour in which a probe was granted.';

CREATE TABLE sync.quota_window (
    span          text        NOT NULL,
    starts_at     timestamptz NOT NULL,
    overall_limit bigint      NOT NULL,
    read_limit    bigint      NOT NULL DEFAULT 0,
    overall_usage bigint      NOT NULL DEFAULT 0,
    read_usage    bigint      NOT NULL DEFAULT 0,
    exhausted     boolean     NOT NULL DEFAULT false,
    included      bigint      NOT NULL DEFAULT 0,
    CONSTRAINT quota_window_pk PRIMARY KEY (span, starts_at),
    CONSTRAINT quota_window_span CHECK (span IN ('quarter', 'day')),
    CONSTRAINT quota_window_limit CHECK (overall_limit > 0 AND read_limit >= 0)
);
COMMENT ON TABLE sync.quota_window IS 'One row per quarter hour and per UTC day in which calls to Strava were reserved.';
COMMENT ON COLUMN sync.quota_window.span IS 'quarter: starts at :00 :15 :30 :45; day: starts at midnight UTC.';
COMMENT ON COLUMN sync.quota_window.overall_limit IS 'Calls allowed in this window, as sync.quota_limit had it at the last turn.';
COMMENT ON COLUMN sync.quota_window.read_limit IS 'Calls allowed in the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_window.overall_usage IS 'The highest usage that a header named; it includes calls that others made with the same application.';
COMMENT ON COLUMN sync.quota_window.read_usage IS 'The same for the read bucket.';
COMMENT ON COLUMN sync.quota_window.exhausted IS 'Strava answered 429 in this window, or the database was restored in it: no more calls are granted in it.';
COMMENT ON COLUMN sync.quota_window.included IS 'Calls of all instances together that are certainly in the usage, as one of them saw it; more than the sum over sync.quota_block where an instance''s header shows calls of another one.';

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
COMMENT ON COLUMN sync.quota_block.turn_sequence IS 'Rises with each turn of the instance; a turn that arrives late is ignored.';
COMMENT ON COLUMN sync.quota_block.leased IS 'Calls made, in flight or reserved, less those returned.';
COMMENT ON COLUMN sync.quota_block.settled IS 'Of those, the calls that certainly arrived within the window; the others may arrive in the next quarter hour.';
COMMENT ON COLUMN sync.quota_block.included IS 'Calls that are certainly included in the usage reported with them.';

-- The lesser of two sets of limits (quarter overall and read, day overall and read); 0 stands for a read limit that no answer has named.
CREATE FUNCTION sync.quota_lesser(p_one bigint[], p_other bigint[])
RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[least(p_one[1], p_other[1]), coalesce(least(nullif(p_one[2], 0), nullif(p_other[2], 0)), 0),
                 least(p_one[3], p_other[3]), coalesce(least(nullif(p_one[4], 0), nullif(p_other[4], 0)), 0)]
$$;
COMMENT ON FUNCTION sync.quota_lesser IS 'Part of sync.quota_turn.';

-- Takes in the limits that an instance reports. A limit falls at once; it rises only when an answer says so that is certainly newer, by more
-- than 2 s, because answers overtake one another. Among configured limits the last reported ones hold. p_limits: quarter overall and read, day
-- overall and read (0: unknown), the same four as they were before a doubt (0: no doubt), and since when they are in doubt.
--
-- A limit that falls implausibly far (to 1, to a hundredth) is in doubt: it holds, but the former limits are kept beside it, and in each quarter
-- hour one call of all instances together, a probe, may exceed it. So one wrong header does not stop the day.
CREATE FUNCTION sync.quota_learn(p_limits bigint[], p_seen_at_s double precision)
RETURNS sync.quota_limit LANGUAGE plpgsql AS $$
DECLARE
    known sync.quota_limit;
    held bigint[];
    is_same boolean;
BEGIN
    INSERT INTO sync.quota_limit (quarter_overall, quarter_read, day_overall, day_read, seen_at_s,
                                  trusted_quarter_overall, trusted_quarter_read, trusted_day_overall, trusted_day_read, doubted_at_s)
    VALUES (p_limits[1], p_limits[2], p_limits[3], p_limits[4], p_seen_at_s, p_limits[5], p_limits[6], p_limits[7], p_limits[8], p_limits[9])
    ON CONFLICT DO NOTHING;
    SELECT * INTO known FROM sync.quota_limit FOR UPDATE;
    held := ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read, known.trusted_quarter_overall,
                  known.trusted_quarter_read, known.trusted_day_overall, known.trusted_day_read, known.doubted_at_s];
    IF (p_limits, p_seen_at_s) = (held, known.seen_at_s) THEN RETURN known; END IF;

    IF known.seen_at_s = 0 OR (p_seen_at_s > 0 AND p_seen_at_s > known.seen_at_s + 2) THEN
        held := p_limits;
        known.seen_at_s := p_seen_at_s;
    ELSIF p_seen_at_s > 0 AND p_seen_at_s >= known.seen_at_s - 2 THEN
        -- Of two tellings of about the same time the lesser limits hold. They are in doubt if one of the two doubts them, unless both name the
        -- same ones and one of them believes them.
        is_same := held[1:4] = p_limits[1:4];
        IF sync.quota_lesser(held, p_limits) = p_limits[1:4] THEN known.seen_at_s := greatest(known.seen_at_s, p_seen_at_s); END IF;
        IF (held[5] = 0 AND p_limits[5] = 0) OR (is_same AND (held[5] = 0 OR p_limits[5] = 0)) THEN
            held := sync.quota_lesser(held, p_limits) || '{0,0,0,0,0}'::bigint[];
        ELSE
            held := sync.quota_lesser(held, p_limits)
                || sync.quota_lesser(CASE WHEN held[5] > 0 THEN held[5:8] ELSE held[1:4] END,
                                     CASE WHEN p_limits[5] > 0 THEN p_limits[5:8] ELSE p_limits[1:4] END)
                || greatest(held[9], p_limits[9]);
        END IF;
    END IF;
    UPDATE sync.quota_limit SET
        quarter_overall = held[1], quarter_read = held[2], day_overall = held[3], day_read = held[4], seen_at_s = known.seen_at_s,
        trusted_quarter_overall = held[5], trusted_quarter_read = held[6], trusted_day_overall = held[7], trusted_day_read = held[8],
        doubted_at_s = held[9]
    RETURNING * INTO known;
    RETURN known;
END $$;
COMMENT ON FUNCTION sync.quota_learn IS 'Part of sync.quota_turn. The same rule is LearnedLimits.merge in the program.';

-- Makes the window's row when it is new and updates its limits. A new day removes old windows.
CREATE FUNCTION sync.quota_open(p_span text, p_starts_at timestamptz, p_overall bigint, p_read bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sync.quota_window SET overall_limit = p_overall, read_limit = p_read
    WHERE span = p_span AND starts_at = p_starts_at AND (overall_limit, read_limit) <> (p_overall, p_read);
    PERFORM FROM sync.quota_window WHERE span = p_span AND starts_at = p_starts_at;
    IF FOUND THEN RETURN; END IF;

    INSERT INTO sync.quota_window (span, starts_at, overall_limit, read_limit)
    VALUES (p_span, p_starts_at, p_overall, p_read) ON CONFLICT (span, starts_at) DO NOTHING;
    IF p_span = 'day' THEN DELETE FROM sync.quota_window WHERE starts_at < p_starts_at - interval '32 days'; END IF;
END $$;
COMMENT ON FUNCTION sync.quota_open IS 'Part of sync.quota_turn.';

-- Leased, included, own leased, own included, carried over from the quarter before, overall usage, read usage, settled by others, included
-- of all instances together.
CREATE FUNCTION sync.quota_counts(p_span text, p_starts_at timestamptz, p_instance uuid)
RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY[b.leased, b.included, b.own_leased, b.own_included, c.carried, w.overall_usage, w.read_usage, b.others_settled, w.included]
    FROM sync.quota_window w
    CROSS JOIN (
        SELECT coalesce(sum(leased), 0)::bigint AS leased, coalesce(sum(included), 0)::bigint AS included,
               coalesce(sum(leased) FILTER (WHERE instance = p_instance), 0)::bigint AS own_leased,
               coalesce(sum(included) FILTER (WHERE instance = p_instance), 0)::bigint AS own_included,
               coalesce(sum(settled) FILTER (WHERE instance <> p_instance), 0)::bigint AS others_settled
        FROM sync.quota_block WHERE span = p_span AND starts_at = p_starts_at) b
    CROSS JOIN (
        SELECT coalesce(sum(greatest(0, leased - settled)), 0)::bigint AS carried
        FROM sync.quota_block WHERE span = 'quarter' AND starts_at = p_starts_at - interval '15 minutes') c
    WHERE w.span = p_span AND w.starts_at = p_starts_at
$$;
COMMENT ON FUNCTION sync.quota_counts IS 'Part of sync.quota_turn.';

-- How many calls a window still leaves in the worst case: by our own count (carried + leased), and by Strava's (the highest usage plus every
-- call of ours that may not be in it yet), in each bucket.
CREATE FUNCTION sync.quota_free(p_counts bigint[], p_overall bigint, p_read bigint, p_exhausted boolean)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_exhausted THEN 0 ELSE greatest(0, least(
        p_overall - greatest(n.counted, p_counts[6] + n.outstanding),
        CASE WHEN p_read > 0 THEN p_read - greatest(n.counted, p_counts[7] + n.outstanding) ELSE p_overall END)) END
    FROM (SELECT p_counts[5] + p_counts[1] AS counted,
                 greatest(0, p_counts[5] + p_counts[1] - greatest(p_counts[2], p_counts[9])) AS outstanding) n
$$;
COMMENT ON FUNCTION sync.quota_free IS 'Part of sync.quota_turn.';

-- One turn of one instance: it reports its totals of a quarter hour and asks for p_want more calls; the answer says how many are granted and
-- what all instances together have done. Reports are totals, not differences, so a repeated turn changes nothing.
-- p_quarter_counts and p_day_counts: included, overall usage, read usage, included of all instances together. p_limits: as in
-- sync.quota_learn. p_probe: asks for the quarter hour's probe if the limits are in doubt and leave nothing. All turns queue for the row of
-- the limits, so two instances never grant the same call, nor two probes.
CREATE FUNCTION sync.quota_turn(
    p_instance uuid, p_quarter_at timestamptz, p_day_at timestamptz, p_sequence bigint,
    p_kept bigint, p_settled bigint, p_want bigint, p_probe boolean, p_quarter_counts bigint[], p_day_counts bigint[],
    p_quarter_exhausted boolean, p_day_exhausted boolean, p_limits bigint[], p_limits_seen_at_s double precision,
    OUT granted bigint, OUT is_probe boolean, OUT quarter_counts bigint[], OUT day_counts bigint[],
    OUT quarter_exhausted boolean, OUT day_exhausted boolean,
    OUT limits bigint[], OUT limits_seen_at_s double precision, OUT probed_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    known sync.quota_limit := sync.quota_learn(p_limits, p_limits_seen_at_s);
    block sync.quota_block;
    is_late boolean;
BEGIN
    limits := ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read, known.trusted_quarter_overall,
                    known.trusted_quarter_read, known.trusted_day_overall, known.trusted_day_read, known.doubted_at_s];
    limits_seen_at_s := known.seen_at_s;
    probed_at := known.probed_at;
    is_probe := false;
    PERFORM sync.quota_open('day', p_day_at, limits[3], limits[4]);
    PERFORM FROM sync.quota_window WHERE span = 'day' AND starts_at = p_day_at FOR UPDATE;
    PERFORM sync.quota_open('quarter', p_quarter_at, limits[1], limits[2]);

    INSERT INTO sync.quota_block (span, starts_at, instance)
    VALUES ('day', p_day_at, p_instance), ('quarter', p_quarter_at, p_instance) ON CONFLICT DO NOTHING;
    SELECT * INTO block FROM sync.quota_block b
    WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
    is_late := p_sequence <= block.turn_sequence;
    IF NOT is_late THEN
        UPDATE sync.quota_block b
        SET leased = b.leased + p_kept - block.leased, settled = b.settled + greatest(0, p_settled - block.settled),
            included = greatest(b.included, p_day_counts[1]), updated_at = now()
        WHERE b.span = 'day' AND b.starts_at = p_day_at AND b.instance = p_instance;
        UPDATE sync.quota_block b
        SET leased = p_kept, settled = greatest(b.settled, p_settled), included = greatest(b.included, p_quarter_counts[1]),
            turn_sequence = p_sequence, updated_at = now()
        WHERE b.span = 'quarter' AND b.starts_at = p_quarter_at AND b.instance = p_instance;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_day_counts[2]), read_usage = greatest(w.read_usage, p_day_counts[3]),
            included = greatest(w.included, p_day_counts[4]), exhausted = w.exhausted OR p_day_exhausted
        WHERE w.span = 'day' AND w.starts_at = p_day_at;
        UPDATE sync.quota_window w
        SET overall_usage = greatest(w.overall_usage, p_quarter_counts[2]), read_usage = greatest(w.read_usage, p_quarter_counts[3]),
            included = greatest(w.included, p_quarter_counts[4]), exhausted = w.exhausted OR p_quarter_exhausted
        WHERE w.span = 'quarter' AND w.starts_at = p_quarter_at;
    END IF;

    SELECT q.exhausted, d.exhausted INTO quarter_exhausted, day_exhausted
    FROM sync.quota_window q, sync.quota_window d
    WHERE q.span = 'quarter' AND q.starts_at = p_quarter_at AND d.span = 'day' AND d.starts_at = p_day_at;
    quarter_counts := sync.quota_counts('quarter', p_quarter_at, p_instance);
    day_counts := sync.quota_counts('day', p_day_at, p_instance);
    granted := 0;
    IF is_late OR p_want <= 0 THEN RETURN; END IF;

    granted := least(p_want, sync.quota_free(quarter_counts, limits[1], limits[2], quarter_exhausted),
                     sync.quota_free(day_counts, limits[3], limits[4], day_exhausted));
    IF granted = 0 AND p_probe AND limits[5] > 0
        -- One in the future is of a clock that was wrong; two instances may disagree by seconds.
        AND (probed_at IS NULL OR probed_at NOT BETWEEN p_quarter_at AND p_quarter_at + interval '1 hour')
        AND sync.quota_free(quarter_counts, limits[5], limits[6], quarter_exhausted) > 0
        AND sync.quota_free(day_counts, limits[7], limits[8], day_exhausted) > 0 THEN
        granted := 1;
        is_probe := true;
        probed_at := p_quarter_at;
        UPDATE sync.quota_limit l SET probed_at = p_quarter_at;
    END IF;
    IF granted = 0 THEN RETURN; END IF;
    UPDATE sync.quota_block b SET leased = b.leased + granted
    WHERE b.instance = p_instance AND ((b.span = 'quarter' AND b.starts_at = p_quarter_at) OR (b.span = 'day' AND b.starts_at = p_day_at));
    quarter_counts[1] := quarter_counts[1] + granted;
    quarter_counts[3] := quarter_counts[3] + granted;
    day_counts[1] := day_counts[1] + granted;
    day_counts[3] := day_counts[3] + granted;
END $$;
COMMENT ON FUNCTION sync.quota_turn IS 'One turn of one instance with the quota ledger: tells its totals, asks for calls. The same rule is QuotaBook in the program.';

-- For `limits`, status and dashboards.
CREATE VIEW sync.quota AS
SELECT w.span, w.starts_at, w.overall_limit, w.read_limit, w.overall_usage, w.read_usage, w.exhausted,
       coalesce(b.leased, 0) AS leased, greatest(0, greatest(w.overall_usage, w.read_usage) - coalesce(b.leased, 0)) AS foreign_calls
FROM sync.quota_window w
LEFT JOIN (SELECT span, starts_at, sum(leased)::bigint AS leased FROM sync.quota_block GROUP BY span, starts_at) b USING (span, starts_at);
COMMENT ON VIEW sync.quota IS 'Each window with the calls leased in it and the calls that others spent with the same application, as far as the headers show.';
