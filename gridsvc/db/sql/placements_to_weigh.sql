-- Question: which placements just made from shifted want their confidence?
-- Parameters: :after (report id), :batch (rows), :now (instant at which they were placed)
-- Columns: id, grid_version_id, lon, lat (degrees), accuracy_m, at, by id
-- Index: report_pkey
SELECT s.id, s.grid_version_id, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, s.accuracy_m, CAST(:now AS timestamptz) AS at
FROM shifted s
JOIN report r ON r.id = s.id
WHERE s.id > :after AND s.accuracy_m > 0
ORDER BY s.id
LIMIT :batch
