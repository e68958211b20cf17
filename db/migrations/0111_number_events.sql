-- A turn marks the events that it has read, by their numbers: an event whose transaction was slow, or was written by another machine's clock, is
-- never marked unread.

ALTER TABLE sync.event
    ADD COLUMN event_id bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN looked_at timestamptz;
COMMENT ON COLUMN sync.event.event_id IS 'Number of the event in this database; a turn names those that it has read by it.';
COMMENT ON COLUMN sync.event.looked_at IS
    'When a turn ended that had begun to look at the athlete''s list after it had read the event; null: no such turn yet.';
