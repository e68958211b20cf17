-- When the first walk over an athlete's list ended: what is listed later is new or a late upload, however old its date.

ALTER TABLE sync.cursor ADD COLUMN first_complete_at timestamptz;
UPDATE sync.cursor SET first_complete_at = history_complete_at;
COMMENT ON COLUMN sync.cursor.first_complete_at IS 'When the first walk over the whole list ended; what was first listed later is new, however old its date.';
