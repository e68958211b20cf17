-- What one instance's header shows counts for all: a call that was known to have arrived when another one was sent is in that one's number,
-- whoever made it. And limits are kept once, not per window, under one rule for which of two tellings is the newer.

ALTER TABLE sync.quota_window ADD COLUMN included bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.quota_window.included IS
    'Calls of all instances together that are certainly in the usage, as one of them saw it; more than the sum over sync.quota_block '
    'where an instance''s header shows calls of another one.';
COMMENT ON COLUMN sync.quota_window.overall_limit IS 'Calls allowed in this window, as sync.quota_limit had it at the last turn.';
COMMENT ON COLUMN sync.quota_block.settled IS
    'Of those, the calls that certainly arrived within the window; the rest of a quarter hour may arrive in the next one.';

CREATE TABLE sync.quota_limit (
    singleton       boolean          NOT NULL DEFAULT true,
    quarter_overall bigint           NOT NULL,
    quarter_read    bigint           NOT NULL DEFAULT 0,
    day_overall     bigint           NOT NULL,
    day_read        bigint           NOT NULL DEFAULT 0,
    seen_at_s       double precision NOT NULL DEFAULT 0,
    CONSTRAINT quota_limit_pk PRIMARY KEY (singleton),
    CONSTRAINT quota_limit_singleton CHECK (singleton),
    CONSTRAINT quota_limit_sign CHECK (quarter_overall > 0 AND quarter_read >= 0 AND day_overall > 0 AND day_read >= 0)
);
COMMENT ON TABLE sync.quota_limit IS 'The application''s limits, as configured or as Strava''s headers said last: one row.';
COMMENT ON COLUMN sync.quota_limit.quarter_overall IS 'Calls allowed in a quarter hour.';
COMMENT ON COLUMN sync.quota_limit.quarter_read IS 'The same for the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_limit.day_overall IS 'Calls allowed in a UTC day.';
COMMENT ON COLUMN sync.quota_limit.day_read IS 'The same for the read bucket; 0: no answer named it.';
COMMENT ON COLUMN sync.quota_limit.seen_at_s IS 'When a header last named limits, by Strava''s clock in seconds since 1970; 0: they are configured.';

INSERT INTO sync.quota_limit (quarter_overall, quarter_read, day_overall, day_read, seen_at_s)
SELECT q.overall_limit, q.read_limit, d.overall_limit, d.read_limit, greatest(q.limits_seen_at_s, d.limits_seen_at_s)
FROM (SELECT * FROM sync.quota_window WHERE span = 'quarter' ORDER BY limits_seen_at_s DESC, starts_at DESC LIMIT 1) q,
     (SELECT * FROM sync.quota_window WHERE span = 'day' ORDER BY limits_seen_at_s DESC, starts_at DESC LIMIT 1) d;
ALTER TABLE sync.quota_window DROP COLUMN limits_seen_at_s;

-- Takes in the limits that an instance tells. A limit sinks at once and rises only on the word of an answer that is certainly newer, by more
-- than 2 s: answers overtake one another. Among configured limits the last told hold. p_limits: quarter overall and read, day overall
-- and read (0: unknown).
CREATE FUNCTION sync.quota_learn(p_limits bigint[], p_seen_at_s double precision)
RETURNS sync.quota_limit LANGUAGE plpgsql AS $$
DECLARE
    known sync.quota_limit;
    least_of bigint[];
BEGIN
    INSERT INTO sync.quota_limit (quarter_overall, quarter_read, day_overall, day_read, seen_at_s)
    VALUES (p_limits[1], p_limits[2], p_limits[3], p_limits[4], p_seen_at_s) ON CONFLICT DO NOTHING;
    SELECT * INTO known FROM sync.quota_limit FOR UPDATE;
    IF (p_limits, p_seen_at_s)
        = (ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read], known.seen_at_s) THEN
        RETURN known;
    END IF;

    IF known.seen_at_s = 0 OR (p_seen_at_s > 0 AND p_seen_at_s > known.seen_at_s + 2) THEN
        known := (true, p_limits[1], p_limits[2], p_limits[3], p_limits[4], p_seen_at_s);
    ELSIF p_seen_at_s > 0 AND p_seen_at_s >= known.seen_at_s - 2 THEN
        least_of := ARRAY[least(known.quarter_overall, p_limits[1]), coalesce(least(nullif(known.quarter_read, 0), nullif(p_limits[2], 0)), 0),
                          least(known.day_overall, p_limits[3]), coalesce(least(nullif(known.day_read, 0), nullif(p_limits[4], 0)), 0)];
        known := (true, least_of[1], least_of[2], least_of[3], least_of[4],
                  CASE WHEN least_of = p_limits THEN greatest(known.seen_at_s, p_seen_at_s) ELSE known.seen_at_s END);
    END IF;
    UPDATE sync.quota_limit SET (quarter_overall, quarter_read, day_overall, day_read, seen_at_s)
        = (known.quarter_overall, known.quarter_read, known.day_overall, known.day_read, known.seen_at_s);
    RETURN known;
END $$;
COMMENT ON FUNCTION sync.quota_learn IS 'Part of sync.quota_turn. The same rule is LearnedLimits.merge in the program.';

-- Makes the window's row when it is new and keeps its limits. A new day removes old windows.
DROP FUNCTION sync.quota_open(text, timestamptz, bigint, bigint, double precision);
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
-- of all together.
CREATE OR REPLACE FUNCTION sync.quota_counts(p_span text, p_starts_at timestamptz, p_instance uuid)
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

-- How many calls a window still leaves, in the worst case: by our own count (carried + leased), and by Strava's (the highest usage
-- plus every call of ours that may not be in it yet), in each bucket.
CREATE OR REPLACE FUNCTION sync.quota_free(p_counts bigint[], p_overall bigint, p_read bigint, p_exhausted boolean)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_exhausted THEN 0 ELSE greatest(0, least(
        p_overall - greatest(n.counted, p_counts[6] + n.outstanding),
        CASE WHEN p_read > 0 THEN p_read - greatest(n.counted, p_counts[7] + n.outstanding) ELSE p_overall END)) END
    FROM (SELECT p_counts[5] + p_counts[1] AS counted,
                 greatest(0, p_counts[5] + p_counts[1] - greatest(p_counts[2], p_counts[9])) AS outstanding) n
$$;

-- One turn of one instance: it tells its totals of a quarter hour and asks for p_want more calls of it; the answer says how many are
-- granted and what all instances together have done. In: totals, not differences, so a repeated turn changes nothing.
-- p_quarter_counts and p_day_counts: included, overall usage, read usage, included of all instances together. p_limits: as in
-- sync.quota_learn. All turns of a day wait for one another at the day's row, so two instances never grant the same call.
CREATE OR REPLACE FUNCTION sync.quota_turn(
    p_instance uuid, p_quarter_at timestamptz, p_day_at timestamptz, p_sequence bigint,
    p_kept bigint, p_settled bigint, p_want bigint, p_quarter_counts bigint[], p_day_counts bigint[],
    p_quarter_exhausted boolean, p_day_exhausted boolean, p_limits bigint[], p_limits_seen_at_s double precision,
    OUT granted bigint, OUT quarter_counts bigint[], OUT day_counts bigint[], OUT quarter_exhausted boolean, OUT day_exhausted boolean,
    OUT limits bigint[], OUT limits_seen_at_s double precision)
LANGUAGE plpgsql AS $$
DECLARE
    known sync.quota_limit := sync.quota_learn(p_limits, p_limits_seen_at_s);
    block sync.quota_block;
    is_late boolean;
BEGIN
    limits := ARRAY[known.quarter_overall, known.quarter_read, known.day_overall, known.day_read];
    limits_seen_at_s := known.seen_at_s;
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
    IF granted = 0 THEN RETURN; END IF;
    UPDATE sync.quota_block b SET leased = b.leased + granted
    WHERE b.instance = p_instance AND ((b.span = 'quarter' AND b.starts_at = p_quarter_at) OR (b.span = 'day' AND b.starts_at = p_day_at));
    quarter_counts[1] := quarter_counts[1] + granted;
    quarter_counts[3] := quarter_counts[3] + granted;
    day_counts[1] := day_counts[1] + granted;
    day_counts[3] := day_counts[3] + granted;
END $$;
