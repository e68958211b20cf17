-- In:     changed_athlete; bronze_strava.answer and answer_version of these athletes' profiles that are newer than the history.
-- Out:    silver.athlete_history.
-- Grain:  one row per athlete, source and change of weight or FTP.
-- Units:  weight kg, FTP W, times UTC; implausible values are null.
-- When:   the batch has an athlete's own objects.
-- Repeat: only profiles newer than the newest row are read, and a row is added only when it differs from the one before it.
--         No row is removed: the profiles that earlier rows were made from may have been removed from bronze.
WITH known AS (
    SELECT c.athlete_id, c.source_id, h.valid_from, h.weight_kg, h.ftp_w
    FROM changed_athlete c
    LEFT JOIN LATERAL (
        SELECT t.valid_from, t.weight_kg, t.ftp_w
        FROM silver.athlete_history t
        WHERE t.athlete_id = c.athlete_id AND t.source_id = c.source_id
        ORDER BY t.valid_from DESC LIMIT 1
    ) AS h ON true
), profile AS (
    SELECT k.athlete_id, k.source_id, b.fetched_at AS valid_from, bronze_strava.json_object(b.body) AS document
    FROM known k JOIN bronze_strava.answer b
      ON b.athlete_id = k.athlete_id AND b.source_id = k.source_id AND b.endpoint = 4 AND b.object_id = k.athlete_id
    WHERE b.fetched_at > coalesce(k.valid_from, '-infinity')
    UNION ALL
    SELECT k.athlete_id, k.source_id, b.valid_from, bronze_strava.json_object(b.body)
    FROM known k JOIN bronze_strava.answer_version b
      ON b.athlete_id = k.athlete_id AND b.source_id = k.source_id AND b.endpoint = 4 AND b.object_id = k.athlete_id
    WHERE b.valid_from > coalesce(k.valid_from, '-infinity')
), fact AS (
    SELECT athlete_id, source_id, valid_from, weight_kg, ftp_w, true AS is_known FROM known WHERE valid_from IS NOT NULL
    UNION ALL
    SELECT athlete_id, source_id, valid_from, silver.plausible('weight_kg', bronze_strava.json_float(document -> 'weight')),
           silver.plausible('ftp_w', bronze_strava.json_int(document -> 'ftp'))::integer, false
    FROM profile WHERE document IS NOT NULL
), step AS (
    SELECT *, lag(ARRAY[weight_kg, ftp_w]) OVER w AS before, row_number() OVER w AS place
    FROM fact
    WINDOW w AS (PARTITION BY athlete_id, source_id ORDER BY valid_from, is_known DESC)
)
INSERT INTO silver.athlete_history (athlete_id, source_id, valid_from, weight_kg, ftp_w)
SELECT athlete_id, source_id, valid_from, weight_kg, ftp_w
FROM step
WHERE NOT is_known AND (place = 1 OR before IS DISTINCT FROM ARRAY[weight_kg, ftp_w])
ON CONFLICT (athlete_id, source_id, valid_from) DO NOTHING;
