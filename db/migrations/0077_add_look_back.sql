-- When the list was last read further back than the newest start, which not every look for what is new does.

ALTER TABLE sync.cursor ADD COLUMN looked_back_at timestamptz;
-- Until now every look went a day back behind the newest start.
UPDATE sync.cursor SET looked_back_at = newest_start_at;
COMMENT ON COLUMN sync.cursor.looked_back_at IS
    'When the last look that reached back further than the newest start, and ended with an empty page, was begun.';
COMMENT ON COLUMN silver.freshness.listed_at IS
    'When the list was last read to its end: nothing that started after the newest activity and was at Strava by then is unknown. Null: never.';
