-- A limit that sinks implausibly far (to 1, to a hundredth) is in doubt: it holds, but what held before is kept beside it, and in each quarter
-- hour one call of all instances together, a probe, may go beyond it. So one wrong header does not stop the day.

ALTER TABLE sync.quota_limit
    ADD COLUMN trusted_quarter_overall bigint NOT NULL DEFAULT 0,
    ADD COLUMN trusted_quarter_read    bigint NOT NULL DEFAULT 0,
    ADD COLUMN trusted_day_overall     bigint NOT NULL DEFAULT 0,
    ADD COLUMN trusted_day_read        bigint NOT NULL DEFAULT 0,
    ADD COLUMN doubted_at_s            bigint NOT NULL DEFAULT 0,
    ADD COLUMN probed_at               timestamptz;
COMMENT ON COLUMN sync.quota_limit.trusted_quarter_overall IS
    'While the limits are in doubt: the calls that were allowed in a quarter hour before; 0: the limits are believed.';
COMMENT ON COLUMN sync.quota_limit.trusted_quarter_read IS 'The same for the read bucket; 0: no answer named it, or the limits are believed.';
COMMENT ON COLUMN sync.quota_limit.trusted_day_overall IS 'The same for a UTC day.';
COMMENT ON COLUMN sync.quota_limit.trusted_day_read IS 'The same for a UTC day and the read bucket.';
COMMENT ON COLUMN sync.quota_limit.doubted_at_s IS
    'When a header first named the limits that are in doubt, by Strava''s clock in seconds since 1970; 0: they are believed.';
COMMENT ON COLUMN sync.quota_limit.probed_at IS 'Start of the latest quarter hour in which a probe was granted.';

-- The lesser of two sets of limits (quarter overall and read, day overall and read); 0 stands for a read limit that nobody named.
CREATE FUNCTION sync.quota_lesser(p_one bigint[], p_other bigint[])
RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[least(p_one[1], p_other[1]), coalesce(least(nullif(p_one[2], 0), nullif(p_other[2], 0)), 0),
                 least(p_one[3], p_other[3]), coalesce(least(nullif(p_one[4], 0), nullif(p_other[4], 0)), 0)]
$$;
COMMENT ON FUNCTION sync.quota_lesser IS 'Part of sync.quota_turn.';

-- Takes in the limits that an instance tells. A limit sinks at once and rises only on the word of an answer that is certainly newer, by more
-- than 2 s: answers overtake one another. Among configured limits the last told hold. p_limits: quarter overall and read, day overall
-- and read (0: unknown), the same four as they were before a doubt (0: no doubt), and since when they are in doubt.
CREATE OR REPLACE FUNCTION sync.quota_learn(p_limits bigint[], p_seen_at_s double precision)
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

DROP FUNCTION sync.quota_turn(uuid, timestamptz, timestamptz, bigint, bigint, bigint, bigint, bigint[], bigint[], boolean, boolean, bigint[],
                              double precision);

-- One turn of one instance: it tells its totals of a quarter hour and asks for p_want more calls of it; the answer says how many are
-- granted and what all instances together have done. In: totals, not differences, so a repeated turn changes nothing.
-- p_quarter_counts and p_day_counts: included, overall usage, read usage, included of all instances together. p_limits: as in
-- sync.quota_learn. p_probe: where the limits in force leave nothing and are in doubt, the quarter hour's probe is asked for. All turns
-- wait for one another at the row of the limits, so two instances never grant the same call, nor two probes.
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
COMMENT ON FUNCTION sync.quota_turn IS
    'One turn of one instance with the quota ledger: tells its totals, asks for calls. The same rule is QuotaBook in the program.';
