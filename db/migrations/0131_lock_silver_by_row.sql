-- Any login of the database may take advisory locks, a reader too, and so keep silver from being made. A row can be locked only by who may
-- write it.

CREATE TABLE sync.silver_lock (
    athlete_id bigint  NOT NULL,
    is_rebuild boolean NOT NULL,
    CONSTRAINT silver_lock_pk PRIMARY KEY (athlete_id, is_rebuild),
    CONSTRAINT silver_lock_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.silver_lock IS 'Two rows per athlete that are only locked: whoever makes the athlete''s silver holds one to the end of its transaction. Made with the athlete.';
COMMENT ON COLUMN sync.silver_lock.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.silver_lock.is_rebuild IS 'True: held by a rebuild, so that no other of this athlete begins. False: held by whoever writes the athlete''s silver.';

INSERT INTO sync.silver_lock SELECT athlete_id, is_rebuild FROM sync.athlete CROSS JOIN (VALUES (false), (true)) AS v (is_rebuild);

-- Called row by row, so that no more athletes are held than are wanted.
CREATE FUNCTION sync.try_silver_lock(p_athlete_id bigint, p_is_rebuild boolean) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild) THEN
        RETURN false;
    END IF;
    INSERT INTO sync.silver_lock VALUES (p_athlete_id, p_is_rebuild) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION sync.try_silver_lock(bigint, boolean) IS 'Locks the athlete''s row of silver_lock to the end of the transaction; false when somebody else holds it. An athlete without the row, which registration makes, gets it.';
