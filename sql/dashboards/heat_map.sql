-- Question: where was the athlete, and for how long?
-- In:       psql variable athlete_id.
-- Out:      one row per cell of 0.001 degree: latitude_deg, longitude_deg (of its middle), seconds.
-- Reads:    silver.activity_rollup: cells are summed by their number and converted to degrees afterwards.
SELECT (cell / 1000000 - 90000 + 0.5::float8) / 1000 AS latitude_deg,
       (cell % 1000000 - 180000 + 0.5::float8) / 1000 AS longitude_deg, seconds
FROM (
    SELECT cell, sum(seconds) AS seconds FROM silver.activity_grid WHERE athlete_id = :athlete_id GROUP BY cell
) AS g
ORDER BY cell;
